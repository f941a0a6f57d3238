import type { ComponentChildren } from 'preact';

interface ScrolledProps {
  readonly label: string;
  /** In a frame of its own, and no higher than a screen. */
  readonly framed?: boolean;
  readonly children: ComponentChildren;
}

/** What may be wider than the screen: it scrolls, also by keys. */
export const Scrolled = ({ label, framed = false, children }: ScrolledProps) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: keys scroll only what can have the focus.
  <section class={framed ? 'scrolled framed' : 'scrolled'} aria-label={label} tabIndex={0}>
    {children}
  </section>
);
