export interface Leaving {
  /** The page may end now, without another word. */
  readonly left: () => void;
  /** It is seen again. */
  readonly returned: () => void;
  /** The network is back. */
  readonly online: () => void;
}

/**
 * `pagehide` does not come on telephones when the browser is swiped away; being
 * hidden is the last that such a page learns. @returns what ends it.
 */
export function watchLeaving({ left, returned, online }: Leaving): () => void {
  // What fails for want of a network must not count as sent.
  const leave = (): void => {
    if (navigator.onLine) left();
  };
  const changed = (): void => (document.visibilityState === 'hidden' ? leave() : returned());
  document.addEventListener('visibilitychange', changed);
  addEventListener('pagehide', leave);
  addEventListener('online', online);
  return () => {
    document.removeEventListener('visibilitychange', changed);
    removeEventListener('pagehide', leave);
    removeEventListener('online', online);
  };
}
