import type { Handler } from 'express';
import type { Asset, AssetRegistry } from '../view/asset-registry';
import { endUnlessWhole, isGone } from './whole-file';

const A_YEAR = 'public, max-age=31536000, immutable';
const ASK_EACH_TIME = 'no-cache';

/** More is not read because a visitor asks for it with a hash that may be wrong. */
const MAX_HASHED_BYTES = 8 * 1024 * 1024;

/**
 * Answers with files of public/, before anything of the application runs: no work begins, nobody is asked whose the request is. What is not
 * there, or is not asked for by GET or HEAD, goes on.
 *
 * With the hash that `asset` writes, a file may be kept for a year; without, or with another one, a browser asks each time whether its copy is good.
 */
export function staticFiles(assets: AssetRegistry): Handler {
  return (request, response, next) => {
    const { path } = request;
    const end = path.indexOf('/', 1);
    const top = decoded(end === -1 ? path.slice(1) : path.slice(1, end));
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (!isRead || top === undefined || !assets.hasTop(top)) return next();
    const name = decoded(path.slice(1));
    const asset = name === undefined ? undefined : assets.find(name);
    if (asset === undefined) return next();
    const { v } = request.query;
    const isKept = v !== undefined && v === hashOf(asset, assets);
    response.setHeader('Cache-Control', isKept ? A_YEAR : ASK_EACH_TIME);
    // A file is what its name says it is, whatever its content looks like
    response.setHeader('X-Content-Type-Options', 'nosniff');
    endUnlessWhole(response);
    response.sendFile(asset.path, { cacheControl: false, dotfiles: 'allow' }, (error?: unknown) => {
      if (error === undefined || response.headersSent || isGone(error)) return;
      for (const name of ['Cache-Control', 'X-Content-Type-Options']) response.removeHeader(name);
      next(isMissing(error) ? undefined : error);
    });
  };
}

/** Undefined when it is no text, as `%ff`. */
function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

function hashOf(asset: Asset, assets: AssetRegistry): string | undefined {
  return asset.bytes > MAX_HASHED_BYTES ? assets.knownHashOf(asset) : assets.hashOf(asset);
}

/** Taken away between the look and the reading. */
function isMissing(error: unknown): boolean {
  return (error as { readonly status?: unknown }).status === 404;
}
