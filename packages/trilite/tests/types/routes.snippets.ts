import { testSnippets } from '../helpers/snippets';

/* What of addresses of named routes compiles, and what does not. */

const HEAD = `
import type { UrlGenerator } from 'trilite';

declare const urls: UrlGenerator;
declare module 'trilite' {
  interface Routes {
    welcome: [];
    'reports.show': ['id'];
    'archive': ['year', 'month?'];
    'files.show': ['folder', '*path'];
    'pages': ['*path?'];
  }
}
`;

const COMPILES = [
  `urls.url('welcome');`,
  `urls.url('welcome', { page: 2, tags: ['a', 'b'], from: undefined });`,
  `urls.url('reports.show', { id: 7 });`,
  `urls.url('reports.show', { id: 7n, page: 2 });`,
  `urls.url('archive', { year: 2026 });`,
  `urls.absoluteUrl('archive', { year: 2026, month: '11' });`,
  `urls.url('archive', { year: 2026, month: undefined });`,
  `urls.url('files.show', { folder: 'a', path: ['b', 'c.txt'] });`,
  `urls.url('files.show', { folder: 'a', path: 'b/c.txt' });`,
  `urls.url('pages');`,
  `urls.signedUrl('welcome');`,
  `urls.signedUrl('welcome', {}, { expiresIn: '2d' });`,
  `urls.signedUrl('reports.show', { id: 7 }, { expiresIn: '2d' });`,
];

const DOES_NOT_COMPILE = [
  `urls.url('welcom');`,
  `urls.url('reports.show');`,
  `urls.url('reports.show', {});`,
  `urls.url('reports.show', { ids: 7 });`,
  `urls.url('reports.show', { id: undefined });`,
  `urls.url('reports.show', { id: ['a'] });`,
  `urls.url('archive', { month: 11 });`,
  `urls.url('files.show', { folder: 'a' });`,
  `urls.url('welcome', { page: new Date() });`,
  `urls.signedUrl('reports.show', { expiresIn: '2d' });`,
  `urls.signedUrl('reports.show', { id: 7 }, { expires: '2d' });`,
  `urls.absoluteUrl('reports.show');`,
];

testSnippets(HEAD, { compiles: COMPILES, doesNot: DOES_NOT_COMPILE });
