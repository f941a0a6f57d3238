/**
 * In their order, from any of them on. The library asks the first broker that takes
 * a connection, and one that hangs takes them: whoever fails is to come to another one.
 */
export function anyFirst<Item>(items: readonly Item[]): Item[] {
  const first = Math.floor(Math.random() * items.length);
  return [...items.slice(first), ...items.slice(0, first)];
}
