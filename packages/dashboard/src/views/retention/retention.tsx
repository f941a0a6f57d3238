import { useAsked } from '../../api/use-asked.ts';
import { Answered } from '../../parts/states.tsx';
import { askQuestion } from '../../question/answer.ts';
import { AnswerFoot } from '../../question/answer-foot.tsx';
import { Nothing } from '../../question/nothing.tsx';
import { QuestionCopies } from '../../question/question-copies.tsx';
import { questionForms } from '../../question/question-forms.ts';
import { questionView } from '../../question/question-view.tsx';
import { useAddressState } from '../../question/use-address-state.ts';
import { questionWords } from '../../question/words.ts';
import type { ViewProps } from '../../view.ts';
import { cohortsOf } from './cohorts.ts';
import { RetentionForm } from './retention-form.tsx';
import { RetentionTable } from './retention-table.tsx';
import { fitting, questionOf, type RetentionState, readState, writeState } from './state.ts';
import { retentionWords } from './words.ts';

/** How many people come back, and how long after their first event. */
export const retention = questionView({
  path: '/retention',
  title: () => retentionWords().title,
  Question: Retention,
});

const form = { read: readState, fitting, write: writeState };

function Retention({ pipeline }: ViewProps) {
  const { state, written, change } = useAddressState<RetentionState>(form, pipeline);
  const asked = useAsked(
    async (signal) => {
      const question = questionOf(state, pipeline, Date.now());
      const answer = await askQuestion({ kind: 'retention', ...question }, signal);
      return { question, answer };
    },
    [written, pipeline],
  );
  return (
    <div class="question-view">
      <RetentionForm state={state} pipeline={pipeline} onChange={change} onAgain={asked.again} />
      <Answered asked={asked}>
        {({ question, answer }) => (
          <>
            {answer.rows.length === 0 ? (
              <Nothing />
            ) : (
              <section class="answer" aria-label={questionWords().answer}>
                <p class="quiet">{retentionWords().explained}</p>
                <RetentionTable
                  cohorts={cohortsOf(answer)}
                  every={question.every}
                  zone={question.zone}
                />
                <AnswerFoot answer={answer} zone={question.zone} name="retention" />
              </section>
            )}
            <QuestionCopies forms={questionForms('retention', question, answer)} />
          </>
        )}
      </Answered>
    </div>
  );
}
