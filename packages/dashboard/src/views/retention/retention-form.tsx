import { retentionWidths } from '../../../../millrace/dist/plan/questions/retention.js';
import { Choice } from '../../question/choice.tsx';
import { ChosenEventsEditor } from '../../question/chosen-events-editor.tsx';
import { CountInput } from '../../question/count-input.tsx';
import { PersonPicker } from '../../question/person-picker.tsx';
import { QuestionForm, type ViewFormProps } from '../../question/question-form.tsx';
import { periodsMax, type RetentionState } from './state.ts';
import { retentionWords } from './words.ts';

export function RetentionForm({
  state,
  pipeline,
  onChange,
  onAgain,
}: ViewFormProps<RetentionState>) {
  const t = retentionWords();
  return (
    <QuestionForm state={state} onChange={onChange} onAgain={onAgain}>
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
          options={retentionWidths.map((width) => [width, t[width]])}
          onChange={(every) => onChange({ every })}
        />
        <CountInput
          label={t.periods}
          value={state.periods}
          max={periodsMax}
          onChange={(periods) => onChange({ periods })}
        />
        <PersonPicker per={state.per} onChange={(per) => onChange({ per })} />
      </div>
    </QuestionForm>
  );
}
