/** `window.paratii` in the page's own world: reads of what is free, and control of the page's own players. */

type Request = (
  asked: { readonly method: string; readonly params: unknown },
  target?: EventTarget,
) => Promise<unknown>
type ReadOptions = { readonly path?: string; readonly signal?: AbortSignal }
type Piece = { readonly bytes: string; readonly size: number }

export function createReach(request: Request) {
  const readPiece = async (cid: string, path: readonly string[], offset: number) => {
    const params = [{ cid: String(cid), path, offset }]
    const { bytes, size } = (await request({ method: 'paratii_ipfsRead', params })) as Piece
    return { bytes: Uint8Array.from(atob(bytes), letter => letter.charCodeAt(0)), size }
  }

  /** A file by its CID as a response, whose blocks were each compared with their CID before they came here. */
  async function fetchFile(cid: string, { path = '', signal }: ReadOptions = {}): Promise<Response> {
    const names = path.split('/').filter(name => name !== '')
    signal?.throwIfAborted()
    const first = await readPiece(cid, names, 0)
    let offset = first.bytes.length
    const body = new ReadableStream<Uint8Array<ArrayBuffer>>(
      {
        start(controller) {
          if (first.bytes.length > 0) controller.enqueue(first.bytes)
          if (offset >= first.size) controller.close()
        },
        async pull(controller) {
          signal?.throwIfAborted()
          const { bytes, size } = await readPiece(cid, names, offset)
          if (size !== first.size || bytes.length === 0) throw new Error('The file ends before its size.')
          controller.enqueue(bytes)
          offset += bytes.length
          if (offset >= size) controller.close()
        },
      },
      { highWaterMark: 1 },
    )
    // Its type is for the page to know: guessed here, it could make a document of what is only bytes.
    const headers = { 'content-type': 'application/octet-stream', 'content-length': String(first.size) }
    return new Response(body, { headers })
  }

  /** Steers the player that stands in a `<paratii-player>`. Each call answers how it stands then. */
  const player = (element: Element) => {
    const ask = (control: object) =>
      request({ method: 'paratii_playerControl', params: [{ control }] }, element)
    return Object.freeze({
      play: () => ask({ action: 'play' }),
      pause: () => ask({ action: 'pause' }),
      mute: () => ask({ action: 'mute' }),
      unmute: () => ask({ action: 'unmute' }),
      seek: (seconds: number) => ask({ action: 'seek', seconds }),
      state: () => ask({ action: 'state' }),
    })
  }

  return Object.freeze({ ipfs: Object.freeze({ fetch: fetchFile }), player })
}
