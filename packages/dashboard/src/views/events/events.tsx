import { address, followLink } from '../../address.ts';
import type { View } from '../../view.ts';
import { Find } from './find.tsx';
import { Letters } from './letters.tsx';
import { eventsWords } from './words.ts';

const path = '/events';

/** Single events: those that are stored, with what became of them, and those that were refused. */
export const events: View = {
  path,
  title: () => eventsWords().title,
  Content: () => {
    const t = eventsWords();
    const { params } = address.value;
    const isLetters = params.get('show') === 'letters';
    return (
      <div class="events">
        <ul class="parts" aria-label={t.parts}>
          <Part href={path} name={t.find} isShown={!isLetters} />
          <Part href={`${path}?show=letters`} name={t.letters} isShown={isLetters} />
        </ul>
        {isLetters ? <Letters params={params} /> : <Find params={params} />}
      </div>
    );
  },
};

interface PartProps {
  readonly href: string;
  readonly name: string;
  readonly isShown: boolean;
}

const Part = ({ href, name, isShown }: PartProps) => (
  <li>
    <a href={href} onClick={followLink} {...(isShown ? { 'aria-current': 'true' as const } : {})}>
      {name}
    </a>
  </li>
);
