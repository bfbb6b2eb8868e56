import type { Blocks } from '#std/ports/blocks.ts'

/** Blocks that live as long as the object. */
export const createMemoryBlocks = (): Blocks => {
  const blocks = new Map<string, Uint8Array>()
  return {
    async get(cid) {
      return blocks.get(cid)?.slice()
    },
    async put(cid, bytes) {
      blocks.set(cid, bytes.slice())
    },
    async has(cid) {
      return blocks.has(cid)
    },
  }
}
