import { BreakdownEditor } from '../../question/breakdown-editor.tsx';
import { BucketChoice } from '../../question/bucket-choice.tsx';
import { CountInput } from '../../question/count-input.tsx';
import { EventPicker } from '../../question/event-picker.tsx';
import { fieldsOf } from '../../question/fields.ts';
import { FilterEditor } from '../../question/filter-editor.tsx';
import { MeasureEditor } from '../../question/measure-editor.tsx';
import { QuestionForm, type ViewFormProps } from '../../question/question-form.tsx';
import { questionWords } from '../../question/words.ts';
import { type ExploreState, topMax } from './state.ts';
import { exploreWords } from './words.ts';

export function ExploreForm({ state, pipeline, onChange, onAgain }: ViewFormProps<ExploreState>) {
  const t = questionWords();
  const fields = fieldsOf(pipeline, state.from);
  return (
    <QuestionForm
      state={state}
      onChange={onChange}
      onAgain={onAgain}
      beside={
        <>
          <BucketChoice
            value={state.every}
            range={state.range}
            others={[['total', t.total]]}
            onChange={(every) => onChange({ every })}
          />
          {state.sample ? (
            <Check
              label={exploreWords().sample}
              checked
              onChange={(sample) => onChange({ sample })}
            />
          ) : (
            <>
              <Check
                label={t.compare}
                checked={state.compare}
                onChange={(compare) => onChange({ compare })}
              />
              <Check label={t.fill} checked={state.fill} onChange={(fill) => onChange({ fill })} />
            </>
          )}
        </>
      }
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
          {state.by.length > 0 && !state.sample && (
            <CountInput
              label={t.top}
              value={state.top}
              max={topMax}
              onChange={(top) => onChange({ top })}
            />
          )}
        </div>
      </div>
    </QuestionForm>
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
