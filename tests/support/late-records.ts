import { askFlink } from '../../packages/millrace/src/adapters/flink/flink-rest.ts';

interface Metric {
  readonly id: string;
  readonly value?: string;
}

/** How many records the operators of a job dropped because they came too late, each operator's number. */
export async function lateRecordsDropped(rest: string, job: string): Promise<readonly number[]> {
  const { vertices } = await askFlink<{ vertices: readonly { id: string }[] }>(
    `${rest}/jobs/${job}`,
  );
  const found = await Promise.all(
    vertices.map(async ({ id }) => {
      const url = `${rest}/jobs/${job}/vertices/${id}/metrics`;
      const names = (await askFlink<readonly Metric[]>(url))
        .map((metric) => metric.id)
        .filter((name) => name.endsWith('.numLateRecordsDropped'));
      if (names.length === 0) return [];
      const asked = encodeURIComponent(names.join(','));
      return (await askFlink<readonly Metric[]>(`${url}?get=${asked}`)).map(({ value }) =>
        Number(value),
      );
    }),
  );
  return found.flat();
}
