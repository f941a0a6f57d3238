import { render } from 'preact';
import { App } from './app.tsx';
import { followTheme } from './theme.ts';
import { followLanguage } from './words/language.ts';

const place = document.getElementById('app');
if (place === null) throw new Error('The page has no #app.');
followTheme();
followLanguage();
render(<App />, place);
