import type { PipelineDescription } from '../../api/pipeline.ts';
import { ChosenEventsEditor } from '../../question/chosen-events-editor.tsx';
import { grouped } from '../../words/numbers.ts';
import { type Step, stepsMax, stepsMin } from './state.ts';
import { funnelWords } from './words.ts';

interface StepEditorProps {
  readonly pipeline: PipelineDescription;
  readonly steps: readonly Step[];
  readonly onChange: (steps: readonly Step[]) => void;
}

/** Which events, one after another. */
export function StepEditor({ pipeline, steps, onChange }: StepEditorProps) {
  const t = funnelWords();
  const last = pipeline.events.at(-1);
  return (
    <div class="funnel-steps">
      <ol aria-label={t.steps}>
        {steps.map((step, place) => (
          // A step is its place: each part of it can change.
          <li key={String(place)}>
            <ChosenEventsEditor
              legend={t.step(grouped(place + 1))}
              pipeline={pipeline}
              chosen={step}
              onChange={(changed) =>
                changed.from.length > 0 && onChange(steps.with(place, changed))
              }
            >
              <StepButtons steps={steps} place={place} onChange={onChange} />
            </ChosenEventsEditor>
          </li>
        ))}
      </ol>
      {last && steps.length < stepsMax && (
        <button
          type="button"
          onClick={() => onChange([...steps, { from: [last.type], filters: [] }])}
        >
          {t.addStep}
        </button>
      )}
    </div>
  );
}

interface StepButtonsProps {
  readonly steps: readonly Step[];
  readonly place: number;
  readonly onChange: (steps: readonly Step[]) => void;
}

function StepButtons({ steps, place, onChange }: StepButtonsProps) {
  const t = funnelWords();
  const number = grouped(place + 1);
  const moved = (by: 1 | -1): readonly Step[] => {
    const [step] = steps.slice(place, place + 1);
    return step ? steps.toSpliced(place, 1).toSpliced(place + by, 0, step) : steps;
  };
  return (
    <div class="step-buttons">
      <button
        type="button"
        class="remove"
        aria-label={t.moveUp(number)}
        disabled={place === 0}
        onClick={() => onChange(moved(-1))}
      >
        ↑
      </button>
      <button
        type="button"
        class="remove"
        aria-label={t.moveDown(number)}
        disabled={place === steps.length - 1}
        onClick={() => onChange(moved(1))}
      >
        ↓
      </button>
      <button
        type="button"
        class="remove"
        aria-label={t.remove(number)}
        disabled={steps.length <= stepsMin}
        onClick={() => onChange(steps.toSpliced(place, 1))}
      >
        ×
      </button>
    </div>
  );
}
