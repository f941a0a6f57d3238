import type { PipelineDescription } from '../../api/pipeline.ts';
import { useAsked } from '../../api/use-asked.ts';
import { Answered, Empty } from '../../parts/states.tsx';
import { askQuestion } from '../../question/answer.ts';
import { AnswerFoot } from '../../question/answer-foot.tsx';
import { Nothing } from '../../question/nothing.tsx';
import { peopleWords } from '../../question/people-words.ts';
import { QuestionCopies } from '../../question/question-copies.tsx';
import { questionForms } from '../../question/question-forms.ts';
import { useAddressState } from '../../question/use-address-state.ts';
import type { View } from '../../view.ts';
import { cohortsOf } from './cohorts.ts';
import { RetentionForm } from './retention-form.tsx';
import { RetentionTable } from './retention-table.tsx';
import { fitting, questionOf, type RetentionState, readState, writeState } from './state.ts';
import { retentionWords } from './words.ts';

/** How many people come back, and how long after their first event. */
export const retention: View = {
  path: '/retention',
  title: () => retentionWords().title,
  Content: ({ pipeline }) =>
    pipeline.events.length === 0 ? (
      <Empty>{peopleWords().noEvents}</Empty>
    ) : (
      <Retention pipeline={pipeline} />
    ),
};

const form = { read: readState, write: writeState };

function Retention({ pipeline }: { readonly pipeline: PipelineDescription }) {
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
      <RetentionForm
        state={state}
        pipeline={pipeline}
        onChange={(changed) => change(fitting({ ...state, ...changed }, pipeline))}
        onAgain={asked.again}
      />
      <Answered asked={asked}>
        {({ question, answer }) => (
          <>
            {answer.rows.length === 0 ? (
              <Nothing />
            ) : (
              <section class="answer" aria-label={peopleWords().answer}>
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
