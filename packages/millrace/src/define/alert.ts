export interface AlertOptions<On extends string = string, When = unknown> {
  /** The window whose results it is about. */
  readonly on: On;
  /** Which of the results, by their measures. Without it every one. */
  readonly when?: When;
  /** Called with each of them (http or https), until it answers 2xx or a day has passed. */
  readonly webhook: string;
}

export interface AlertDefinition<
  Name extends string = string,
  On extends string = string,
  When = unknown,
> extends AlertOptions<On, When> {
  readonly name: Name;
}

/**
 * A webhook that is called with the results of a window as they come out.
 *
 * @example
 * alert('many_orders', {
 *   on: 'busy_users', when: { spent: { gt: '1000' } }, webhook: 'https://example.com/hook',
 * })
 */
export const alert = <const Name extends string, const On extends string, const When = undefined>(
  name: Name,
  options: AlertOptions<On, When>,
): AlertDefinition<Name, On, When> => ({ name, ...options });
