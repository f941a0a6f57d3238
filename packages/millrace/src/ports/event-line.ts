/** The id of the event that a line of the log is. */
export function eventIdOf(line: string): string {
  const { event_id }: { readonly event_id: string } = JSON.parse(line);
  return event_id;
}
