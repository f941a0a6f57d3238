/** How long what was struck took to recover: of each kind of fault the least, the median and the most. */
export interface RecoveryTable {
  /** Begins to measure. */
  watch(what: string): RecoveryWatch;
  /** In Markdown, in seconds. */
  text(): string;
}

/** Each to be called when it is so. */
export interface RecoveryWatch {
  readonly acknowledged: () => void;
  readonly stored: () => void;
  readonly counted: () => void;
}

const columns = ['acknowledged', 'stored', 'counted'] as const;
type Recovery = { [Column in (typeof columns)[number]]?: number };

export function recoveryTable(): RecoveryTable {
  const found = new Map<string, Recovery[]>();
  return {
    watch(what) {
      const began = performance.now();
      const recovery: Recovery = {};
      found.set(what, [...(found.get(what) ?? []), recovery]);
      const stop = (column: keyof Recovery) => (): void => {
        recovery[column] = performance.now() - began;
      };
      return {
        acknowledged: stop('acknowledged'),
        stored: stop('stored'),
        counted: stop('counted'),
      };
    },
    text() {
      const rows = [...found].map(([what, all]) => [
        what,
        ...columns.map((column) => spread(all.flatMap((one) => one[column] ?? []))),
      ]);
      const lines = [
        ['', 'acknowledged after (s)', 'in the table after', 'in the rollup after'],
        ['---', '--:', '--:', '--:'],
        ...rows,
      ];
      return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
    },
  };
}

function spread(ms: readonly number[]): string {
  const sorted = ms.toSorted((a, b) => a - b);
  const seconds = (share: number): string =>
    ((sorted[Math.round(share * (sorted.length - 1))] ?? 0) / 1_000).toFixed(1);
  return sorted.length > 1 ? `${seconds(0)} to ${seconds(1)}, ${seconds(0.5)}` : seconds(0);
}
