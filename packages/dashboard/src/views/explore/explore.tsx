import { useEffect, useMemo } from 'preact/hooks';
import { address, setParams } from '../../address.ts';
import type { PipelineDescription } from '../../api/pipeline.ts';
import { useAsked } from '../../api/use-asked.ts';
import { Answered, Empty } from '../../parts/states.tsx';
import { askQuestion } from '../../question/answer.ts';
import { QuestionCopies } from '../../question/question-copies.tsx';
import { typescriptText } from '../../question/typescript-text.ts';
import type { View } from '../../view.ts';
import { ExploreAnswer } from './explore-answer.tsx';
import { ExploreForm } from './explore-form.tsx';
import { type ExploreState, everyOf, fitting, questionOf, readState, writeState } from './state.ts';
import { exploreWords } from './words.ts';

/** Any question about events over time, put together by hand. */
export const explore: View = {
  path: '/explore',
  title: () => exploreWords().title,
  Content: ({ pipeline }) =>
    pipeline.events.length === 0 ? (
      <Empty>{exploreWords().noEvents}</Empty>
    ) : (
      <Explore pipeline={pipeline} />
    ),
};

function Explore({ pipeline }: { readonly pipeline: PipelineDescription }) {
  const { params } = address.value;
  const search = params.toString();
  const state = useMemo(() => readState(new URLSearchParams(search), pipeline), [search, pipeline]);
  const written = writeState(state).toString();
  useEffect(() => {
    // Whoever is sent this address is to see the same: nothing is left to what their browser would choose.
    if (written !== search) setParams(new URLSearchParams(written), 'replace');
  }, [written, search]);

  const asked = useAsked(
    async (signal) => {
      const question = questionOf(state, pipeline, Date.now());
      return { state, question, answer: await askQuestion(question, signal) };
    },
    [written, pipeline],
  );
  const change = (changed: Partial<ExploreState>): void =>
    setParams(writeState(fitting({ ...state, ...changed }, pipeline)));

  return (
    <div class="explore">
      <ExploreForm state={state} pipeline={pipeline} onChange={change} onAgain={asked.again} />
      <Answered asked={asked}>
        {({ state: answered, question, answer }) => (
          <>
            <ExploreAnswer state={answered} answer={answer} every={everyOf(answered)} />
            <QuestionCopies
              forms={[
                ['JSON', JSON.stringify(question, null, 2)],
                ['TypeScript', typescriptText('query', question, location.origin)],
                ['SQL', answer.explanation?.events_sql],
              ]}
            />
          </>
        )}
      </Answered>
    </div>
  );
}
