import { useAsked } from '../../api/use-asked.ts';
import { Answered } from '../../parts/states.tsx';
import { type Answer, askQuestion } from '../../question/answer.ts';
import { QuestionCopies } from '../../question/question-copies.tsx';
import { questionForms } from '../../question/question-forms.ts';
import { questionView } from '../../question/question-view.tsx';
import { useAddressState } from '../../question/use-address-state.ts';
import type { ViewProps } from '../../view.ts';
import { SessionsAnswer } from './sessions-answer.tsx';
import { SessionsForm } from './sessions-form.tsx';
import { fitting, questionsOf, readState, type SessionsState, writeState } from './state.ts';
import { sessionWords } from './words.ts';

/** What people do at a time: how often, how long, where they begin and end. */
export const sessions = questionView({
  path: '/sessions',
  title: () => sessionWords().title,
  Question: Sessions,
});

const form = { read: readState, fitting, write: writeState };

function Sessions({ pipeline }: ViewProps) {
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
      <SessionsForm state={state} pipeline={pipeline} onChange={change} onAgain={asked.again} />
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
