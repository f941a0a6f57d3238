import { signal } from '@preact/signals';

/** The address of the page is its state: what is seen can be sent to somebody else. */
export interface Address {
  /** `/`, `/explore`, … */
  readonly path: string;
  readonly params: URLSearchParams;
}

const read = (): Address => ({
  path: location.pathname,
  params: new URLSearchParams(location.search),
});

export const address = signal<Address>(read());
addEventListener('popstate', () => {
  address.value = read();
});

/** @param how `push`: the back button leads here again. `replace`: it does not. */
export function navigate(
  path: string,
  params: URLSearchParams = new URLSearchParams(),
  how: 'push' | 'replace' = 'push',
): void {
  const search = params.toString();
  const url = search === '' ? path : `${path}?${search}`;
  if (how === 'push') history.pushState(null, '', url);
  else history.replaceState(null, '', url);
  address.value = read();
}

/** The state of the view that is shown, changed. */
export const setParams = (params: URLSearchParams, how: 'push' | 'replace' = 'push'): void =>
  navigate(address.peek().path, params, how);

/** For links within the page: another view without another load. */
export function followLink(event: MouseEvent): void {
  const link = event.currentTarget;
  if (!(link instanceof HTMLAnchorElement)) return;
  if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey)
    return;
  event.preventDefault();
  navigate(link.pathname, new URLSearchParams(link.search));
}
