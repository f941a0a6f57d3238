import type { PipelineDescription } from '../../api/pipeline.ts';
import { BreakdownEditor } from '../../question/breakdown-editor.tsx';
import { Choice } from '../../question/choice.tsx';
import { EventPicker } from '../../question/event-picker.tsx';
import { fieldsOf } from '../../question/fields.ts';
import { FilterEditor } from '../../question/filter-editor.tsx';
import { MeasureEditor } from '../../question/measure-editor.tsx';
import { everies, fittingEvery } from '../../question/range.ts';
import { RangePicker } from '../../question/range-picker.tsx';
import { questionWords } from '../../question/words.ts';
import { common } from '../../words/common.ts';
import { type ExploreState, topMax } from './state.ts';
import { exploreWords } from './words.ts';

interface ExploreFormProps {
  readonly state: ExploreState;
  readonly pipeline: PipelineDescription;
  readonly onChange: (changed: Partial<ExploreState>) => void;
  readonly onAgain: () => void;
}

export function ExploreForm({ state, pipeline, onChange, onAgain }: ExploreFormProps) {
  const t = questionWords();
  const fields = fieldsOf(pipeline, state.from);
  return (
    <form
      class="card question-form"
      aria-label={exploreWords().form}
      onSubmit={(event) => event.preventDefault()}
    >
      <EventPicker
        label={t.events}
        types={pipeline.events.map(({ type }) => type)}
        chosen={state.from}
        onChange={(from) => from.length > 0 && onChange({ from })}
      />
      <div class="columns">
        <MeasureEditor
          fields={fields}
          measures={state.measures}
          onChange={(measures) => onChange({ measures })}
        />
        <FilterEditor
          fields={fields}
          filters={state.filters}
          onChange={(filters) => onChange({ filters })}
        />
        <div>
          <BreakdownEditor fields={fields} by={state.by} onChange={(by) => onChange({ by })} />
          {state.by.length > 0 && (
            <label class="labelled">
              <span>{t.top}</span>
              <input
                type="number"
                class="short"
                min="1"
                max={topMax}
                value={state.top}
                onChange={({ currentTarget: { valueAsNumber: top } }) => {
                  if (top >= 1 && top <= topMax) onChange({ top });
                }}
              />
            </label>
          )}
        </div>
      </div>
      <div class="line">
        <RangePicker
          range={state.range}
          zone={state.zone}
          onRange={(range) => onChange({ range })}
          onZone={(zone) => onChange({ zone })}
        />
        <Choice
          label={t.bucket}
          labelled
          value={state.every}
          options={[
            ['fitting', t.fitting(t[fittingEvery(state.range)])],
            ...everies.map((every) => [every, t[every]] as const),
            ['total', t.total],
          ]}
          onChange={(every) => onChange({ every })}
        />
        <Check
          label={t.compare}
          checked={state.compare}
          onChange={(compare) => onChange({ compare })}
        />
        <Check label={t.fill} checked={state.fill} onChange={(fill) => onChange({ fill })} />
        <button type="button" onClick={onAgain}>
          {common().refresh}
        </button>
      </div>
    </form>
  );
}

interface CheckProps {
  readonly label: string;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
}

const Check = ({ label, checked, onChange }: CheckProps) => (
  <label class="check">
    <input
      type="checkbox"
      checked={checked}
      onChange={({ currentTarget }) => onChange(currentTarget.checked)}
    />
    {label}
  </label>
);
