import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { openFileBlocks } from '#adapters/blocks-file.ts'
import type { ChainReader } from '#chain/reader.ts'
import type { Town } from '#devnet/town.ts'
import { walkDirectory } from '#media/dag.ts'
import { cidFromRoot } from '#protocol/terms.ts'
import type { FormatName } from '#std/brand.ts'
import { orThrow } from '#std/error.ts'

/** The files of the town's film as its publisher stored them. */
export async function openPublished({ video, publisher }: Town, reader: ChainReader) {
  const blocks = await openFileBlocks(join(publisher.command.home, 'data/publisher/blocks'))
  const { root } = await reader.terms(video, 'cmaf' as FormatName)
  const directory = orThrow(await walkDirectory(cidFromRoot(root), cid => blocks.get(cid)))
  const bytesOf = async (path: string): Promise<Buffer> => {
    const leaves = directory.files.get(path)?.leaves ?? []
    return Buffer.concat(
      await Promise.all(leaves.map(async ({ cid }) => (await blocks.get(cid)) ?? Buffer.of())),
    )
  }
  return {
    bytesOf,
    /** Digest of a part of a file, both ends included. */
    async sha256(path: string, start = 0, end?: number): Promise<string> {
      const bytes = (await bytesOf(path)).subarray(start, end === undefined ? undefined : end + 1)
      return createHash('sha256').update(bytes).digest('hex')
    },
  }
}
