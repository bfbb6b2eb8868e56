import { createHash, randomFillSync } from 'node:crypto'
import { mkdir, open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Wallet } from 'ethers'
import { openFileBlocks } from '#adapters/blocks-file.ts'
import { cryptoNative } from '#adapters/crypto-native.ts'
import { openSqliteRecords } from '#adapters/records-sqlite.ts'
import { connectRpc } from '#chain/http-rpc.ts'
import { createChainReader } from '#chain/reader.ts'
import { createSender } from '#chain/sender.ts'
import { createChainWriter } from '#chain/writer.ts'
import { cmafFormat } from '#cli/publish-film.ts'
import { roleFolder } from '#cli/role-folder.ts'
import { foldersFor } from '#daemon/folders.ts'
import { openKeyFile } from '#daemon/key-file.ts'
import type { PublishInTown } from '#devnet/town.ts'
import { importDirectory } from '#media/import-directory.ts'
import { identifyPublisher } from '#roles/publisher/identity.ts'
import { registerVideo } from '#roles/publisher/registration.ts'
import { weiPerPti } from '#std/amount.ts'
import { hexFromBytes } from '#std/bytes.ts'
import { orThrow } from '#std/error.ts'
import { listPackagedFiles } from '#transcode/packaged-files.ts'

export type Film = {
  readonly folder: string
  /** Segments by their path below the folder, with the SHA-256 of each in hex. */
  readonly segments: readonly { readonly path: string; readonly bytes: number; readonly sha256: string }[]
  /** Bytes of all that is no segment: the free head holds it, and every purchase is receipted for it. */
  readonly headBytes: number
}

const mebibyte = 1_048_576
/** Large, so that what is measured is the stream and not its beginnings. */
const segmentMebibytes = 32

/**
 * A codec that no browser here plays: the player page reads this manifest after the purchase, says that it cannot
 * play, and leaves every segment to the measurement.
 */
const manifest = `<?xml version="1.0" encoding="utf-8"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT60S" minBufferTime="PT2S" profiles="urn:mpeg:dash:profile:isoff-live:2011">
  <Period id="0" start="PT0S">
    <AdaptationSet contentType="video" mimeType="video/mp4">
      <Representation id="v720" codecs="none.0" bandwidth="40000000" width="1280" height="720">
        <SegmentTemplate timescale="1" duration="6" startNumber="1" initialization="$RepresentationID$/init.mp4" media="$RepresentationID$/$Number$.m4s"/>
      </Representation>
    </AdaptationSet>
  </Period>
</MPD>
`

/** Writes a published format's directory of random bytes, so that no block is like another. */
export const writeFilm = async (folder: string, mebibytes: number): Promise<Film> => {
  await mkdir(join(folder, 'v720'), { recursive: true })
  const init = randomFillSync(Buffer.alloc(800))
  await writeFile(join(folder, 'manifest.mpd'), manifest)
  await writeFile(join(folder, 'v720/init.mp4'), init)
  const segments: Film['segments'][number][] = []
  const piece = Buffer.alloc(mebibyte)
  for (let left = mebibytes; left > 0; left -= segmentMebibytes) {
    const path = `v720/${segments.length + 1}.m4s`
    const hash = createHash('sha256')
    let bytes = 0
    const file = await open(join(folder, path), 'wx')
    for (let at = 0; at < Math.min(left, segmentMebibytes); at++) {
      hash.update(randomFillSync(piece))
      await file.write(piece)
      bytes += piece.length
    }
    await file.close()
    segments.push({ path, bytes, sha256: hash.digest('hex') })
  }
  return {
    folder,
    segments,
    headBytes: init.length + Buffer.byteLength(manifest),
  }
}

/** Publishes a written film as `paratii publish` does after packaging: blocks, then the registry. */
export const publishFilmFolder =
  ({ folder }: Pick<Film, 'folder'>): PublishInTown =>
  async ({ command }, chain) => {
    const { keyFile, blocks, records } = roleFolder(foldersFor(command.home, {}), 'publisher')
    const { walletKey, nodeKey } = await openKeyFile(keyFile, command.password)
    const rpc = connectRpc(chain.rpcUrl)
    const reader = createChainReader(chain, rpc)
    const sender = createSender(rpc, chain.chainId, new Wallet(hexFromBytes(walletKey)))
    const writer = createChainWriter(await reader.addresses(), sender)
    const stored = openSqliteRecords(records)
    try {
      const ports = { reader, writer, blocks: await openFileBlocks(blocks), records: stored }
      const root = orThrow(await importDirectory(await listPackagedFiles(folder), ports.blocks))
      const video = await registerVideo(ports, identifyPublisher(cryptoNative, walletKey, nodeKey), {
        root,
        format: cmafFormat,
        title: 'Random bytes',
        durationSeconds: 60,
        chunkSeconds: 6,
        priceWei: weiPerPti / 10n,
        feeWeiPerByte: 100_000_000n,
        ttlSeconds: 86_400,
      })
      return video.id
    } finally {
      stored.close()
    }
  }
