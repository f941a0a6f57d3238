import type { PipelineDescription } from '../../api/pipeline.ts';
import { useAsked } from '../../api/use-asked.ts';
import { Answered, Empty } from '../../parts/states.tsx';
import { type Answer, askQuestion } from '../../question/answer.ts';
import { peopleWords } from '../../question/people-words.ts';
import { QuestionCopies } from '../../question/question-copies.tsx';
import { questionForms } from '../../question/question-forms.ts';
import { useAddressState } from '../../question/use-address-state.ts';
import type { View } from '../../view.ts';
import { SessionsAnswer } from './sessions-answer.tsx';
import { SessionsForm } from './sessions-form.tsx';
import { fitting, questionsOf, readState, type SessionsState, writeState } from './state.ts';
import { sessionWords } from './words.ts';

/** What people do at a time: how often, how long, where they begin and end. */
export const sessions: View = {
  path: '/sessions',
  title: () => sessionWords().title,
  Content: ({ pipeline }) =>
    pipeline.events.length === 0 ? (
      <Empty>{peopleWords().noEvents}</Empty>
    ) : (
      <Sessions pipeline={pipeline} />
    ),
};

const form = { read: readState, write: writeState };

function Sessions({ pipeline }: { readonly pipeline: PipelineDescription }) {
  const { state, written, change } = useAddressState<SessionsState>(form, pipeline);
  const asked = useAsked(
    async (signal) => {
      const questions = questionsOf(state, pipeline, Date.now());
      const ask = (question: object): Promise<Answer> =>
        askQuestion({ kind: 'sessions', ...question }, signal);
      const [totals, buckets, entries, exits] = await Promise.all([
        ask(questions.totals),
        ask(questions.buckets),
        ask(questions.entries),
        ask(questions.exits),
      ]);
      return { state, questions, answers: { totals, buckets, entries, exits } };
    },
    [written, pipeline],
  );
  return (
    <div class="question-view">
      <SessionsForm
        state={state}
        pipeline={pipeline}
        onChange={(changed) => change(fitting({ ...state, ...changed }, pipeline))}
        onAgain={asked.again}
      />
      <Answered asked={asked}>
        {({ state: answered, questions, answers }) => (
          <>
            <SessionsAnswer state={answered} answers={answers} />
            <QuestionCopies forms={questionForms('sessions', questions.buckets, answers.buckets)} />
          </>
        )}
      </Answered>
    </div>
  );
}
