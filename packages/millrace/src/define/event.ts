import type { Properties } from './property.ts';

export interface EventOptions<Shape extends Properties = Properties> {
  /** Other names under which senders know this event, e.g. `Order Completed`. */
  readonly aliases?: readonly string[];
  /** From the name a sender uses for a property to the one declared here. */
  readonly rename?: { readonly [sent: string]: keyof Shape & string };
  /** What happens to properties not declared here. Default `keep`: stored as they came. */
  readonly undeclared?: 'keep' | 'drop' | 'refuse';
}

export interface EventDefinition<Shape extends Properties = Properties> extends EventOptions {
  readonly properties: Shape;
}

/**
 * One type of event: its properties and how senders may name them.
 *
 * @example
 * event({ order_id: string(), value: decimal(18, 2) }, { aliases: ['Order Completed'] })
 */
export const event = <const Shape extends Properties>(
  properties: Shape,
  options: EventOptions<Shape> = {},
): EventDefinition<Shape> => ({ properties, ...options });
