import type { PipelineDescription } from '../../api/pipeline.ts';
import { Choice } from '../../question/choice.tsx';
import { ChosenEventsEditor } from '../../question/chosen-events-editor.tsx';
import { peopleWords } from '../../question/people-words.ts';
import { PersonPicker } from '../../question/person-picker.tsx';
import { RangePicker } from '../../question/range-picker.tsx';
import { common } from '../../words/common.ts';
import { cohortWidths, isPeriods, periodsMax, type RetentionState } from './state.ts';
import { retentionWords } from './words.ts';

interface RetentionFormProps {
  readonly state: RetentionState;
  readonly pipeline: PipelineDescription;
  readonly onChange: (changed: Partial<RetentionState>) => void;
  readonly onAgain: () => void;
}

export function RetentionForm({ state, pipeline, onChange, onAgain }: RetentionFormProps) {
  const t = retentionWords();
  return (
    <form
      class="card question-form"
      aria-label={peopleWords().form}
      onSubmit={(event) => event.preventDefault()}
    >
      <div class="columns">
        <ChosenEventsEditor
          legend={t.first}
          pipeline={pipeline}
          chosen={state.first}
          onChange={(first) => onChange({ first })}
        />
        <ChosenEventsEditor
          legend={t.back}
          pipeline={pipeline}
          chosen={state.back}
          onChange={(back) => onChange({ back })}
        />
      </div>
      <div class="line">
        <Choice
          label={t.every}
          labelled
          value={state.every}
          options={cohortWidths.map((width) => [width, t[width]])}
          onChange={(every) => onChange({ every })}
        />
        <label class="labelled">
          <span>{t.periods}</span>
          <input
            type="number"
            class="short"
            min="1"
            max={periodsMax}
            value={state.periods}
            onChange={({ currentTarget: { valueAsNumber: periods } }) => {
              if (isPeriods(periods)) onChange({ periods });
            }}
          />
        </label>
        <PersonPicker per={state.per} onChange={(per) => onChange({ per })} />
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
