import type { ComponentChildren } from 'preact';
import type { PipelineDescription } from '../api/pipeline.ts';
import { common } from '../words/common.ts';
import type { Range } from './range.ts';
import { RangePicker } from './range-picker.tsx';
import { questionWords } from './words.ts';

interface Ranged {
  readonly range: Range;
  readonly zone: string;
}

/** What the form of a view is given that asks questions. */
export interface ViewFormProps<State> {
  readonly state: State;
  readonly pipeline: PipelineDescription;
  readonly onChange: (changed: Partial<State>) => void;
  readonly onAgain: () => void;
}

interface QuestionFormProps {
  readonly state: Ranged;
  readonly onChange: (changed: Partial<Ranged>) => void;
  readonly onAgain: () => void;
  /** What is asked. */
  readonly children: ComponentChildren;
  /** What stands beside the range. */
  readonly beside?: ComponentChildren;
}

/** Where a question is put together: what is asked, and of which time. */
export const QuestionForm = ({ state, onChange, onAgain, children, beside }: QuestionFormProps) => (
  <form
    class="card question-form"
    aria-label={questionWords().form}
    onSubmit={(event) => event.preventDefault()}
  >
    {children}
    <div class="line">
      <RangePicker
        range={state.range}
        zone={state.zone}
        onRange={(range) => onChange({ range })}
        onZone={(zone) => onChange({ zone })}
      />
      {beside}
      <button type="button" onClick={onAgain}>
        {common().refresh}
      </button>
    </div>
  </form>
);
