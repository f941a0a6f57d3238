/** What a page view tells. Queries and fragments often hold names and keys; only campaigns are taken of them. */
export interface PageView {
  readonly url: string;
  readonly path: string;
  readonly title: string;
  readonly referrer?: string;
  readonly [campaign: `utm_${string}`]: string;
}

/** The page as it is now, come from `referrer`. */
export function pageView(referrer: string): PageView {
  const { origin, pathname, search } = location;
  const campaign = [...new URLSearchParams(search)].filter(([name]) => name.startsWith('utm_'));
  return {
    ...Object.fromEntries(campaign),
    url: origin + pathname,
    path: pathname,
    title: document.title,
    ...(referrer === '' ? {} : { referrer }),
  };
}

/** An address without what may be private in it. */
export const withoutQuery = (url: string): string => url.replace(/[?#].*$/s, '');

/**
 * Calls back for each page the visitor sees: the one that is open, each to which
 * the page's own script goes (another path or query), and one that comes back
 * from the browser's memory.
 *
 * @returns what ends it.
 */
export function watchPageViews(viewed: (view: PageView) => void): () => void {
  let address = '';
  let referrer = withoutQuery(document.referrer);
  const look = (): void => {
    const now = location.pathname + location.search;
    if (now === address) return;
    address = now;
    const view = pageView(referrer);
    referrer = view.url;
    viewed(view);
  };
  // Routers set the title after they set the address.
  const lookSoon = (): void => {
    setTimeout(look);
  };
  const comeBack = ({ persisted }: PageTransitionEvent): void => {
    if (!persisted) return;
    address = '';
    look();
  };
  const { pushState, replaceState } = history;
  history.pushState = (...change) => {
    pushState.apply(history, change);
    lookSoon();
  };
  history.replaceState = (...change) => {
    replaceState.apply(history, change);
    lookSoon();
  };
  addEventListener('popstate', lookSoon);
  addEventListener('pageshow', comeBack);
  // A page that is made ready before anybody asked for it may never be seen.
  if ('prerendering' in document && document.prerendering) {
    document.addEventListener('prerenderingchange', look, { once: true });
  } else {
    look();
  }
  return () => {
    Object.assign(history, { pushState, replaceState });
    removeEventListener('popstate', lookSoon);
    removeEventListener('pageshow', comeBack);
    document.removeEventListener('prerenderingchange', look);
  };
}
