/** Bytes that a name may have on the common file systems. */
const MOST_BYTES = 255;

/** Controls, and what turns the direction of writing: `photo‮gnp.exe` reads as "photoexe.png". */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** What Windows keeps for itself. */
const FORBIDDEN = /[<>:"|?*]/g;
const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/i;

/**
 * The name that a client gives a file, as far as it can be shown and kept: the last part of a path, without what cannot be seen, what Windows
 * forbids and dots in front; at most 255 bytes, of which the extension stays. 'file' when nothing is left.
 */
export function cleanFileName(given: string): string {
  const last = given.split(/[/\\]/).at(-1) ?? '';
  const plain = last
    .normalize('NFC')
    .replace(UNSEEN, '')
    .replace(FORBIDDEN, '_')
    .replace(/^[\s.]+|[\s.]+$/g, '');
  if (plain === '') return 'file';
  return shorten(DEVICE.test(plain) ? `_${plain}` : plain);
}

/** Whether a name is one file in its folder, on every system: cleaning leaves it as it is. */
export function isFileName(name: string): boolean {
  return name !== '' && cleanFileName(name) === name.normalize('NFC');
}

function shorten(name: string): string {
  if (Buffer.byteLength(name) <= MOST_BYTES) return name;
  const extension = /\.[A-Za-z0-9]{1,16}$/.exec(name)?.[0] ?? '';
  const stem = name.slice(0, name.length - extension.length);
  let bytes = Buffer.byteLength(extension);
  let kept = '';
  for (const letter of stem) {
    bytes += Buffer.byteLength(letter);
    if (bytes > MOST_BYTES) break;
    kept += letter;
  }
  return `${kept.replace(/[\s.]+$/, '')}${extension}`;
}
