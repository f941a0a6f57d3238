import type { PipelineDescription } from '../../api/pipeline.ts';
import { Choice } from '../../question/choice.tsx';
import { fieldsOfChosen } from '../../question/chosen-events.ts';
import { ChosenEventsEditor } from '../../question/chosen-events-editor.tsx';
import { DurationInput } from '../../question/duration-input.tsx';
import { peopleWords } from '../../question/people-words.ts';
import { PersonPicker } from '../../question/person-picker.tsx';
import { everies, fittingEvery } from '../../question/range.ts';
import { RangePicker } from '../../question/range-picker.tsx';
import { questionWords } from '../../question/words.ts';
import { common } from '../../words/common.ts';
import type { SessionsState } from './state.ts';
import { sessionWords } from './words.ts';

interface SessionsFormProps {
  readonly state: SessionsState;
  readonly pipeline: PipelineDescription;
  readonly onChange: (changed: Partial<SessionsState>) => void;
  readonly onAgain: () => void;
}

export function SessionsForm({ state, pipeline, onChange, onAgain }: SessionsFormProps) {
  const t = sessionWords();
  const q = questionWords();
  const fields = fieldsOfChosen(pipeline, state.of).map(({ name }) => [name, name] as const);
  return (
    <form
      class="card question-form"
      aria-label={peopleWords().form}
      onSubmit={(event) => event.preventDefault()}
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
      <div class="line">
        <RangePicker
          range={state.range}
          zone={state.zone}
          onRange={(range) => onChange({ range })}
          onZone={(zone) => onChange({ zone })}
        />
        <Choice
          label={q.bucket}
          labelled
          value={state.every}
          options={[
            ['fitting', q.fitting(q[fittingEvery(state.range)])],
            ...everies.map((every) => [every, q[every]] as const),
          ]}
          onChange={(every) => onChange({ every })}
        />
        <button type="button" onClick={onAgain}>
          {common().refresh}
        </button>
      </div>
    </form>
  );
}
