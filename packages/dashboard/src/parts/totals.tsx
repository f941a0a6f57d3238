/** A number under its name; an id where something else refers to it. */
export type Total = readonly [name: string, value: string, id?: string];

/** The few numbers that say most. */
export const Totals = ({ totals }: { readonly totals: readonly Total[] }) => (
  <dl class="totals">
    {totals.map(([name, value, id]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd id={id}>{value}</dd>
      </div>
    ))}
  </dl>
);
