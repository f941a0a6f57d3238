import { signal } from '@preact/signals';

const storedAs = 'millrace-read-key';

/** The read key, where one is needed. It lives in this tab alone. */
export const key = signal<string | null>(sessionStorage.getItem(storedAs));

/** Whether the server refused to answer without a key, or with this one. */
export const locked = signal(false);

export function unlock(found: string): void {
  sessionStorage.setItem(storedAs, found);
  key.value = found;
  locked.value = false;
}
