import type { PipelineDescription } from '../../api/pipeline.ts';
import { BreakdownEditor } from '../../question/breakdown-editor.tsx';
import { DurationInput } from '../../question/duration-input.tsx';
import { fieldsOf } from '../../question/fields.ts';
import { peopleWords } from '../../question/people-words.ts';
import { PersonPicker } from '../../question/person-picker.tsx';
import { RangePicker } from '../../question/range-picker.tsx';
import { common } from '../../words/common.ts';
import type { FunnelState } from './state.ts';
import { StepEditor } from './step-editor.tsx';
import { funnelWords } from './words.ts';

interface FunnelFormProps {
  readonly state: FunnelState;
  readonly pipeline: PipelineDescription;
  readonly onChange: (changed: Partial<FunnelState>) => void;
  readonly onAgain: () => void;
}

export function FunnelForm({ state, pipeline, onChange, onAgain }: FunnelFormProps) {
  return (
    <form
      class="card question-form"
      aria-label={peopleWords().form}
      onSubmit={(event) => event.preventDefault()}
    >
      <StepEditor
        pipeline={pipeline}
        steps={state.steps}
        onChange={(steps) => onChange({ steps })}
      />
      <div class="line">
        <DurationInput
          label={funnelWords().within}
          value={state.within}
          onChange={(within) => onChange({ within })}
        />
        <PersonPicker per={state.per} onChange={(per) => onChange({ per })} />
        <BreakdownEditor
          fields={fieldsOf(pipeline, state.steps[0]?.from ?? [])}
          by={state.by}
          onChange={(by) => onChange({ by })}
        />
      </div>
      <div class="line">
        <RangePicker
          range={state.range}
          zone={state.zone}
          onRange={(range) => onChange({ range })}
          onZone={(zone) => onChange({ zone })}
        />
        <button type="button" onClick={onAgain}>
          {common().refresh}
        </button>
      </div>
    </form>
  );
}
