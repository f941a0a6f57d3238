import type { ComponentChild } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { address, followLink } from './address.ts';
import { key, locked } from './api/key.ts';
import { askPipeline } from './api/pipeline.ts';
import { useAsked } from './api/use-asked.ts';
import { KeyForm } from './key-form.tsx';
import { Failure, Loading } from './parts/states.tsx';
import { isTheme, theme, themes } from './theme.ts';
import type { View } from './view.ts';
import { views } from './views.ts';
import { common } from './words/common.ts';
import { chooseLanguage, isLanguage, language, languages } from './words/language.ts';

export function App() {
  const t = common();
  const view = views.find(({ path }) => path === address.value.path);
  const pipeline = useAsked(askPipeline, [key.value]);
  const name = pipeline.answer?.name ?? 'Millrace';
  const title = view?.title();
  useEffect(() => {
    document.title = [title, name, 'Millrace'].filter(Boolean).join(' · ');
  }, [title, name]);

  return (
    <>
      <a class="skip" href="#main">
        {t.skip}
      </a>
      <header>
        <p class="brand">
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path d="M1 5q3.5-4 7 0t7 0M1 11q3.5-4 7 0t7 0" />
          </svg>
          <span>{name}</span>
        </p>
        <Navigation shown={view} />
        <Choices />
      </header>
      {locked.value ? <KeyForm /> : <Main view={view}>{contentOf(view, pipeline)}</Main>}
    </>
  );
}

function contentOf(
  view: View | undefined,
  pipeline: ReturnType<typeof useAsked<Awaited<ReturnType<typeof askPipeline>>>>,
): ComponentChild {
  if (view === undefined) return <NoView />;
  if (pipeline.answer !== undefined) return <view.Content pipeline={pipeline.answer} />;
  if (pipeline.error === undefined) return <Loading />;
  return <Failure error={pipeline.error} again={pipeline.again} />;
}

function Navigation({ shown }: { readonly shown: View | undefined }) {
  return (
    <nav aria-label={common().views}>
      <ul>
        {views.map((view) => (
          <li key={view.path}>
            <a
              href={view.path}
              onClick={followLink}
              {...(view === shown ? { 'aria-current': 'page' as const } : {})}
            >
              {view.title()}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Choices() {
  const t = common();
  return (
    <div class="choices">
      <select
        aria-label={t.theme}
        value={theme.value}
        onChange={({ currentTarget: { value } }) => {
          if (isTheme(value)) theme.value = value;
        }}
      >
        {themes.map((each) => (
          <option key={each} value={each}>
            {t[each]}
          </option>
        ))}
      </select>
      <select
        aria-label={t.language}
        value={language.value}
        onChange={({ currentTarget: { value } }) => {
          if (isLanguage(value)) chooseLanguage(value);
        }}
      >
        {Object.entries(languages).map(([each, name]) => (
          <option key={each} value={each} lang={each}>
            {name}
          </option>
        ))}
      </select>
    </div>
  );
}

interface MainProps {
  readonly view: View | undefined;
  readonly children: ComponentChild;
}

function Main({ view, children }: MainProps) {
  const main = useRef<HTMLElement>(null);
  const before = useRef(view);
  useEffect(() => {
    // A reader that follows the focus is told of another view; not of the first one.
    if (before.current !== view) main.current?.focus();
    before.current = view;
  }, [view]);
  return (
    <main id="main" ref={main} tabIndex={-1} aria-labelledby="view-title">
      <h1 id="view-title">{view?.title() ?? common().noView}</h1>
      {children}
    </main>
  );
}

const NoView = () => (
  <p>
    <a href="/" onClick={followLink}>
      {common().toLive}
    </a>
  </p>
);
