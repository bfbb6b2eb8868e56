import { hash } from 'node:crypto'
import { checkBlock } from '#media/block-check.ts'
import type { Cid } from '#std/brand.ts'
import { errorFrom, ParatiiError } from '#std/error.ts'

/** Longer than any block that a store of ours holds. */
const maxBlockBytes = 4_194_304
/** How long a store behind may take to answer, and to send one block. */
const answerMs = 30_000
/** A store that is busy, or was cut off, is asked so often in all. */
const attempts = 3
const restMs = 200

/**
 * Asks a store behind this one over HTTP, and reads what it answers; undefined when its status says that we get no such
 * block there. One that is not reached, cut off or busy (429, 5xx) is asked again after a while. Throws `store-failed`,
 * with the status if there was one.
 */
export const askStore = async <T>(
  cid: Cid,
  ask: (signal: AbortSignal) => Promise<Response>,
  read: (response: Response) => Promise<T>,
  absent: readonly number[] = [404],
): Promise<T | undefined> => {
  for (let attempt = 1; ; attempt++) {
    try {
      const response = await ask(AbortSignal.timeout(answerMs))
      if (response.ok) return await read(response)
      await response.body?.cancel()
      const { status } = response
      if (absent.includes(status)) return undefined
      if (status !== 429 && status < 500) throw new ParatiiError('store-failed', { cid, status })
      if (attempt === attempts) throw new ParatiiError('store-failed', { cid, status })
    } catch (thrown) {
      if (attempt === attempts || thrown instanceof ParatiiError) throw errorFrom(thrown, 'store-failed')
    }
    await new Promise(resolve => setTimeout(resolve, restMs * attempt))
  }
}

/** The bytes of an answer, which nobody is trusted for: `store-failed` unless they are the block of that name. */
export const readBlock = async (cid: Cid, { body }: Response): Promise<Uint8Array> => {
  const pieces: Uint8Array[] = []
  let byteCount = 0
  for await (const piece of body ?? []) {
    byteCount += piece.length
    if (byteCount > maxBlockBytes) throw new ParatiiError('store-failed', { cid, reason: 'block too long' })
    pieces.push(piece)
  }
  const bytes = new Uint8Array(Buffer.concat(pieces))
  const { ok } = await checkBlock(cid, bytes, block => hash('sha256', block, 'buffer'))
  if (!ok) throw new ParatiiError('store-failed', { cid, reason: 'wrong bytes' })
  return bytes
}

/** All that an answer without bytes says: it was none of the refusals. */
export const readNothing = async ({ body }: Response): Promise<true> => {
  await body?.cancel()
  return true
}
