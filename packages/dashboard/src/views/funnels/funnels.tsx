import { useAsked } from '../../api/use-asked.ts';
import { Answered } from '../../parts/states.tsx';
import { askQuestion } from '../../question/answer.ts';
import { QuestionCopies } from '../../question/question-copies.tsx';
import { questionForms } from '../../question/question-forms.ts';
import { questionView } from '../../question/question-view.tsx';
import { useAddressState } from '../../question/use-address-state.ts';
import type { ViewProps } from '../../view.ts';
import { FunnelAnswer } from './funnel-answer.tsx';
import { FunnelForm } from './funnel-form.tsx';
import { type FunnelState, fitting, questionOf, readState, writeState } from './state.ts';
import { funnelWords } from './words.ts';

/** How many people go how far through steps, and how long that takes them. */
export const funnels = questionView({
  path: '/funnels',
  title: () => funnelWords().title,
  Question: Funnels,
});

const form = { read: readState, fitting, write: writeState };

function Funnels({ pipeline }: ViewProps) {
  const { state, written, change } = useAddressState<FunnelState>(form, pipeline);
  const asked = useAsked(
    async (signal) => {
      const question = questionOf(state, pipeline, Date.now());
      const answer = await askQuestion({ kind: 'funnel', ...question }, signal);
      return { zone: state.zone, question, answer };
    },
    [written, pipeline],
  );
  return (
    <div class="question-view">
      <FunnelForm state={state} pipeline={pipeline} onChange={change} onAgain={asked.again} />
      <Answered asked={asked}>
        {({ zone, question, answer }) => (
          <>
            <FunnelAnswer answer={answer} zone={zone} />
            <QuestionCopies forms={questionForms('funnel', question, answer)} />
          </>
        )}
      </Answered>
    </div>
  );
}
