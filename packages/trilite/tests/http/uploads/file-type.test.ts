import { fileTypeOf } from '../../../src/http/uploads/file-type';
import { PNG } from '../../helpers/upload-site';

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const zip = hex('504b0304 14000600 08000000 2100');
const docx = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';

test.each<[string, Buffer, string, string, string]>([
  ['a picture', PNG, 'text/plain', 'image/png', 'png'],
  ['a photo', hex('ffd8ffe0 00104a46 49460001'), '', 'image/jpeg', 'jpg'],
  ['a page to print', Buffer.from('%PDF-1.7\n1 0 obj'), 'image/png', 'application/pdf', 'pdf'],
  ['a zip', zip, 'application/octet-stream', 'application/zip', 'zip'],
  ['a document in a zip', zip, docx, docx, 'docx'],
  ['a zip that says to be a picture', zip, 'image/png', 'application/zip', 'zip'],
  [
    'a program',
    Buffer.from('MZ\x90\0\x03\0', 'latin1'),
    'image/png',
    'application/vnd.microsoft.portable-executable',
    'exe',
  ],
  ['text', Buffer.from('hello'), 'application/x-php', 'text/plain', 'txt'],
  ['a list', Buffer.from('a,b\n1,2\n'), 'text/csv', 'text/csv', 'csv'],
  ['text of two bytes a letter', hex('fffe 6800 6900'), 'text/csv', 'text/plain', 'txt'],
  [
    'a list of cars, that begins as a bitmap does',
    Buffer.from('BMW,Audi\n'),
    'text/csv',
    'text/csv',
    'csv',
  ],
  ['JSON', Buffer.from('{"a":1}'), 'application/json', 'application/json', 'json'],
  [
    'a web page, whatever it says',
    Buffer.from(' \n<!DOCTYPE html><p>'),
    'text/csv',
    'text/html',
    'html',
  ],
  ['a script', Buffer.from('<script>alert(1)</script>'), 'text/plain', 'text/html', 'html'],
  [
    'a comment, and a page behind it',
    Buffer.from('<!-- --><html>'),
    'text/plain',
    'text/html',
    'html',
  ],
  [
    'a drawing behind a prologue',
    Buffer.from('<?xml version="1.0"?>\n<svg xmlns="x">'),
    'text/plain',
    'image/svg+xml',
    'svg',
  ],
  ['XML', Buffer.from('<?xml version="1.0"?><a/>'), 'text/plain', 'application/xml', 'xml'],
  [
    'text whose last letter is cut in two',
    Buffer.from('Größe €').subarray(0, -1),
    'text/plain',
    'text/plain',
    'txt',
  ],
  ['nothing', Buffer.alloc(0), 'image/png', 'text/plain', 'txt'],
  [
    'bytes that nobody knows',
    hex('00 01 02 fe ff 80'),
    'image/png',
    'application/octet-stream',
    'bin',
  ],
  [
    'a type named as an inherited property',
    Buffer.from('hello'),
    'constructor',
    'text/plain',
    'txt',
  ],
])('%s is told by its bytes', (_what, head, claimed, type, extension) => {
  expect(fileTypeOf(head, claimed)).toEqual({ type, extension });
});
