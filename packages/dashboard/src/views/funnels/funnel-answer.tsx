import type { Answer } from '../../question/answer.ts';
import { AnswerFoot } from '../../question/answer-foot.tsx';
import { Nothing } from '../../question/nothing.tsx';
import { questionWords } from '../../question/words.ts';
import { grouped, percent } from '../../words/numbers.ts';
import { FunnelBars } from './funnel-bars.tsx';
import { groupsOf, totalOf } from './funnel-groups.ts';
import { FunnelTable } from './funnel-table.tsx';
import { funnelWords } from './words.ts';

interface FunnelAnswerProps {
  readonly answer: Answer;
  readonly zone: string;
}

export function FunnelAnswer({ answer, zone }: FunnelAnswerProps) {
  const t = funnelWords();
  const groups = groupsOf(answer);
  const { first, last } = totalOf(groups);
  if (first === 0) return <Nothing />;
  return (
    <section class="answer" aria-label={questionWords().answer}>
      {/* Without all groups it would be the conversion of some. */}
      {!answer.truncated && (
        <div class="funnel-total">
          <h2>{t.conversion}</h2>
          <p class="figure" id="funnel-conversion">
            {percent(last / first)}
          </p>
          <p class="quiet">{t.reached(grouped(last), grouped(first))}</p>
        </div>
      )}
      <FunnelBars groups={groups} />
      <AnswerFoot answer={answer} zone={zone} name="funnel" />
      <FunnelTable groups={groups} columns={answer.columns} />
    </section>
  );
}
