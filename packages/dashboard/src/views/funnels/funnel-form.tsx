import { BreakdownEditor } from '../../question/breakdown-editor.tsx';
import { DurationInput } from '../../question/duration-input.tsx';
import { fieldsOf } from '../../question/fields.ts';
import { PersonPicker } from '../../question/person-picker.tsx';
import { QuestionForm, type ViewFormProps } from '../../question/question-form.tsx';
import type { FunnelState } from './state.ts';
import { StepEditor } from './step-editor.tsx';
import { funnelWords } from './words.ts';

export function FunnelForm({ state, pipeline, onChange, onAgain }: ViewFormProps<FunnelState>) {
  return (
    <QuestionForm state={state} onChange={onChange} onAgain={onAgain}>
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
    </QuestionForm>
  );
}
