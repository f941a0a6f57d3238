import { useEffect, useRef, useState } from 'preact/hooks';
import { KeyNeeded } from '../../api/ask.ts';
import { Failure } from '../../parts/states.tsx';
import { Table } from '../../parts/table.tsx';
import { grouped } from '../../words/numbers.ts';
import { type VerifyProgress, type VerifyReport, verify } from './verify-stream.ts';
import { healthWords } from './words.ts';

interface Check {
  readonly underWay: boolean;
  readonly progress?: VerifyProgress;
  readonly report?: VerifyReport;
  readonly error?: unknown;
}

/** Holds the log against the store on demand; whoever leaves the view ends it. */
export function Verify() {
  const t = healthWords();
  const [check, setCheck] = useState<Check>({ underWay: false });
  const stopping = useRef(new AbortController());
  useEffect(() => () => stopping.current.abort(), []);

  async function begin(): Promise<void> {
    const stop = new AbortController();
    stopping.current = stop;
    setCheck({ underWay: true });
    try {
      const report = await verify(stop.signal, (progress) =>
        setCheck({ underWay: true, progress }),
      );
      setCheck({ underWay: false, report });
    } catch (error) {
      const isAsked = stop.signal.aborted || error instanceof KeyNeeded;
      setCheck({ underWay: false, ...(isAsked ? {} : { error }) });
    }
  }

  const { underWay, progress, report, error } = check;
  return (
    <section aria-labelledby="verify-title" class="verify">
      <h2 id="verify-title">{t.verify}</h2>
      <p class="quiet">{t.verifyHint}</p>
      <p>
        {underWay ? (
          <button type="button" onClick={() => stopping.current.abort()}>
            {t.stop}
          </button>
        ) : (
          <button type="button" class="primary" onClick={() => void begin()}>
            {t.check}
          </button>
        )}
      </p>
      <p role="status">
        {underWay &&
          progress !== undefined &&
          t.checking(progress.what, grouped(progress.done), grouped(progress.of))}
        {report?.equal && t.equal(grouped(report.log.events), grouped(report.hours))}
      </p>
      {error !== undefined && <Failure error={error} />}
      {report !== undefined && <Report report={report} />}
    </section>
  );
}

function Report({ report }: { readonly report: VerifyReport }) {
  const t = healthWords();
  const { equal, differing, differences, rollups, being_filled } = report;
  return (
    <>
      {!equal && (
        <p class="notice" role="alert">
          {t.different(grouped(differing + rollups.reduce((sum, one) => sum + one.differing, 0)))}
        </p>
      )}
      {being_filled.length > 0 && <p>{t.beingFilled(being_filled.join(', '))}</p>}
      {differences.length > 0 && (
        <Table
          caption={t.different(grouped(differing))}
          columns={[t.hour, t.expected, t.storedRows, t.lost, t.doubled, t.changed]}
          rows={differences.map(({ hour, expected, stored, lost, doubled, changed }) => [
            hour,
            ...[expected, stored, lost, doubled, changed].map(grouped),
          ])}
        />
      )}
      <Table
        caption={t.compared}
        columns={[t.name, t.rowsCompared, t.differing]}
        rows={rollups.map(({ rollup, version, rows, differing: hours }) => [
          `${rollup} v${version}`,
          grouped(rows),
          grouped(hours),
        ])}
        none={t.noRollups}
      />
    </>
  );
}
