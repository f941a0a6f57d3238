import type { ComponentChildren } from 'preact';

interface ScrolledProps {
  readonly label: string;
  readonly children: ComponentChildren;
}

/** What may be wider than the screen: it scrolls, also by keys. */
export const Scrolled = ({ label, children }: ScrolledProps) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: keys scroll only what can have the focus.
  <section class="scrolled" aria-label={label} tabIndex={0}>
    {children}
  </section>
);
