import { setParams } from '../../address.ts';
import { key } from '../../api/key.ts';
import { useAsked } from '../../api/use-asked.ts';
import { Answered, Empty } from '../../parts/states.tsx';
import { grouped } from '../../words/numbers.ts';
import { askLetters, type LettersAnswer, type LettersAsked, pageSize } from './ask-letters.ts';
import { LetterCard } from './letter-card.tsx';
import { PageButtons } from './page-buttons.tsx';
import { Retry } from './retry.tsx';
import { eventsWords } from './words.ts';

/** What was refused, by its code, the newest first. */
export function Letters({ params }: { readonly params: URLSearchParams }) {
  const asked = { code: params.get('code'), before: params.get('before') };
  const answer = useAsked(
    (signal) => askLetters(asked, signal),
    [key.value, asked.code, asked.before],
  );
  return (
    <Answered asked={answer}>
      {(letters) => <Page asked={asked} answer={letters} again={answer.again} />}
    </Answered>
  );
}

const show = ({ code, before }: LettersAsked): void =>
  setParams(
    new URLSearchParams({
      show: 'letters',
      ...(code === null ? {} : { code }),
      ...(before === null ? {} : { before }),
    }),
  );

interface PageProps {
  readonly asked: LettersAsked;
  readonly answer: LettersAnswer;
  readonly again: () => void;
}

function Page({ asked, answer: { counts, letters }, again }: PageProps) {
  const t = eventsWords();
  const { code, before } = asked;
  const next = letters.length < pageSize ? null : (letters.at(-1)?.id ?? null);
  if (counts.length === 0) return <Empty>{t.noLetters}</Empty>;
  return (
    <>
      <div class="fields">
        <label>
          {t.code}
          <select
            value={code ?? ''}
            onChange={({ currentTarget: { value } }) =>
              show({ code: value === '' ? null : value, before: null })
            }
          >
            <option value="">{t.allCodes}</option>
            {counts.map((each) => (
              <option key={each.code} value={each.code}>
                {t.countOf(each.code, grouped(each.letters))}
              </option>
            ))}
          </select>
        </label>
        <Retry name={t.retryAll} filter={code === null ? {} : { code }} onDone={again} />
      </div>
      {letters.length === 0 && code !== null && <Empty>{t.noLettersOf(code)}</Empty>}
      <ol class="event-cards">
        {letters.map((letter) => (
          <li key={letter.id}>
            <LetterCard letter={letter} onRetried={again} />
          </li>
        ))}
      </ol>
      <PageButtons before={before} next={next} onTurn={(to) => show({ code, before: to })} />
    </>
  );
}
