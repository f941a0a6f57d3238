/** Names of events, rollups, measures and dimensions. Two underscores are Millrace's own. */
export const isSnakeCase = (name: string): boolean =>
  name.length <= 64 && /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name);

/** A property keeps the name its senders gave it, if that can be part of a path. */
export const isPropertyName = (name: string): boolean => /^[A-Za-z_]\w{0,63}$/.test(name);

/** `address.city` → `address_city` */
export const dimensionName = (field: string): string => field.replaceAll('.', '_');

/** The name among `known` that was probably meant, if one is near enough. */
export const nearestName = (name: string, known: readonly string[]): string | undefined => {
  const near = known
    .map((candidate) => ({ candidate, distance: editDistance(name, candidate) }))
    .filter(({ candidate, distance }) => distance <= Math.ceil(candidate.length / 3))
    .sort((a, b) => a.distance - b.distance);
  return near[0]?.candidate;
};

/** Levenshtein's, without regard to case. Long names are cut: nobody meant them. */
const editDistance = (left: string, right: string): number => {
  const a = left.slice(0, 64).toLowerCase();
  const b = right.slice(0, 64).toLowerCase();
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
};
