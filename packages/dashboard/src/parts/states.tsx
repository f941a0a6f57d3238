import type { ComponentChildren } from 'preact';
import { Away, Refused } from '../api/ask.ts';
import type { Asked } from '../api/use-asked.ts';
import { common } from '../words/common.ts';

export const Loading = () => (
  <p class="state-of-view" role="status">
    {common().loading}
  </p>
);

/** Nothing there, which is no mistake: says why, and what would be here. */
export const Empty = ({ children }: { readonly children: ComponentChildren }) => (
  <div class="state-of-view" role="status">
    {children}
  </div>
);

interface FailureProps {
  readonly error: unknown;
  /** Of what asks a server that is away by itself, too. */
  readonly again?: () => void;
  /** What else can be done about it. */
  readonly offer?: ComponentChildren;
}

/** What went wrong, its code, and what to do about it. */
export function Failure({ error, again, offer }: FailureProps) {
  const t = common();
  const refused = error instanceof Refused ? error : undefined;
  const told =
    error instanceof Away ? [t.away, ...(again ? [t.trying] : [])] : [t.failing, messageOf(error)];
  return (
    <div class="notice" role="alert">
      <p>{told.join(' ')}</p>
      {refused?.mend !== undefined && <p>{refused.mend}</p>}
      {refused?.code !== undefined && (
        <p>
          <code>{refused.code}</code>
        </p>
      )}
      {again && (
        <button type="button" onClick={again}>
          {t.again}
        </button>
      )}
      {offer}
    </div>
  );
}

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

interface AnsweredProps<Answer> {
  readonly asked: Asked<Answer>;
  /** What can be done about an error. */
  readonly offer?: ComponentChildren;
  readonly children: (answer: Answer) => ComponentChildren;
}

/** An answer, or the state of the question that is to bring it. What was answered last stays. */
export function Answered<Answer>({ asked, offer, children }: AnsweredProps<Answer>) {
  const { answer, error, loading, again } = asked;
  return (
    <>
      {error !== undefined && <Failure error={error} again={again} offer={offer} />}
      {answer === undefined && error === undefined && <Loading />}
      {answer !== undefined && (
        <div class="answered" aria-busy={loading} data-stale={loading || error !== undefined}>
          {children(answer)}
        </div>
      )}
    </>
  );
}
