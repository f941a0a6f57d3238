import type { ComponentChildren } from 'preact';

interface ScrolledProps {
  readonly label: string;
  readonly children: ComponentChildren;
}

/** A table that may be wider than the screen. */
export const Scrolled = ({ label, children }: ScrolledProps) => (
  <div class="answer-table">
    {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys */}
    <section class="scrolls" tabIndex={0} aria-label={label}>
      {children}
    </section>
  </div>
);
