import { BucketChoice } from '../../question/bucket-choice.tsx';
import { Choice } from '../../question/choice.tsx';
import { fieldsOfChosen } from '../../question/chosen-events.ts';
import { ChosenEventsEditor } from '../../question/chosen-events-editor.tsx';
import { DurationInput } from '../../question/duration-input.tsx';
import { PersonPicker } from '../../question/person-picker.tsx';
import { QuestionForm, type ViewFormProps } from '../../question/question-form.tsx';
import type { SessionsState } from './state.ts';
import { sessionWords } from './words.ts';

export function SessionsForm({ state, pipeline, onChange, onAgain }: ViewFormProps<SessionsState>) {
  const t = sessionWords();
  const fields = fieldsOfChosen(pipeline, state.of).map(({ name }) => [name, name] as const);
  return (
    <QuestionForm
      state={state}
      onChange={onChange}
      onAgain={onAgain}
      beside={
        <BucketChoice
          value={state.every}
          range={state.range}
          onChange={(every) => onChange({ every })}
        />
      }
    >
      <ChosenEventsEditor
        legend={t.of}
        pipeline={pipeline}
        chosen={state.of}
        onChange={(of) => onChange({ of })}
      />
      <div class="line">
        <DurationInput label={t.gap} value={state.gap} onChange={(gap) => onChange({ gap })} />
        <PersonPicker per={state.per} onChange={(per) => onChange({ per })} />
        <Choice
          label={t.entry}
          labelled
          value={state.entry}
          options={fields}
          onChange={(entry) => onChange({ entry })}
        />
        <Choice
          label={t.exit}
          labelled
          value={state.exit}
          options={fields}
          onChange={(exit) => onChange({ exit })}
        />
      </div>
    </QuestionForm>
  );
}
