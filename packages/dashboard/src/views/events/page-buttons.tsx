import { eventsWords } from './words.ts';

interface PageButtonsProps {
  /** Where what is shown begins; null at the newest. */
  readonly before: string | null;
  /** Where the page after it begins; null where there is none. */
  readonly next: string | null;
  readonly onTurn: (before: string | null) => void;
}

/** To older pages of a list, and back to the newest. */
export function PageButtons({ before, next, onTurn }: PageButtonsProps) {
  const t = eventsWords();
  return (
    <p class="pages">
      {before !== null && (
        <button type="button" onClick={() => onTurn(null)}>
          {t.newest}
        </button>
      )}
      {next !== null && (
        <button type="button" onClick={() => onTurn(next)}>
          {t.older}
        </button>
      )}
    </p>
  );
}
