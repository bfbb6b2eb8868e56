import type { Cid } from '#std/brand.ts'
import type { Blocks } from '#std/ports/blocks.ts'
import { askStore, readBlock, readNothing } from './block-answer.ts'

const headers = { accept: 'application/vnd.ipld.raw' }
/** Not there, or for others, or only against payment: then it is nothing that we could serve. */
const absent = [402, 403, 404, 410, 451]

/**
 * Blocks of a store of our own, and behind it those of a trustless gateway: what the own one lacks is asked of the
 * gateway, and checked. A gateway takes nothing: what is put goes into the own one.
 */
export const openGatewayBlocks = (url: string, own: Blocks): Blocks => {
  const ask = <T>(cid: Cid, method: 'GET' | 'HEAD', read: (response: Response) => Promise<T>) =>
    askStore(cid, signal => fetch(`${url}/ipfs/${cid}?format=raw`, { method, headers, signal }), read, absent)
  return {
    get: async (cid, into) =>
      (await own.get(cid, into)) ?? (await ask(cid, 'GET', response => readBlock(cid, response))),
    put: (cid, bytes) => own.put(cid, bytes),
    has: async cid => (await own.has(cid)) || (await ask(cid, 'HEAD', readNothing)) === true,
  }
}
