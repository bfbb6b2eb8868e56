/** Functions that run inside a page; each uses nothing but what a page has, and what it defines itself. */

type Shaka = {
  readonly Player: new () => {
    attach(video: HTMLVideoElement): Promise<void>
    configure(options: object): void
    load(url: string): Promise<void>
  }
  readonly ui: { readonly Overlay: new (player: object, container: Element, video: Element) => object }
  readonly polyfill: { installAll(): void }
}

/** Gives the page's button what a site's own script would: the film by plain HTTP, in a player set up as ours is. */
export const armPlainButton = (): void => {
  const { shaka } = globalThis as unknown as { readonly shaka: Shaka }
  const [button, video] = [document.querySelector('button'), document.querySelector('video')]
  const container = video?.parentElement
  if (button === null || video === null || !container) throw new Error('another page')
  shaka.polyfill.installAll()
  button.addEventListener('click', async () => {
    const player = new shaka.Player()
    await player.attach(video)
    new shaka.ui.Overlay(player, container, video)
    player.configure({ streaming: { bufferingGoal: 20, rebufferingGoal: 1, bufferBehind: 60 } })
    await player.load(new URL('manifest.mpd', location.href).href)
    await video.play()
  })
}

/** Presses the button; answers the milliseconds until a frame of the film is on show. */
export const pressUntilFrame = async (): Promise<number> => {
  const button = document.querySelector<HTMLButtonElement>('[data-testid=watch]')
  if (button === null) throw new Error('no button')
  const pressedAt = performance.now()
  const shown = new Promise<number>(resolve => {
    const listen = (): boolean => {
      const video = document.querySelector('video')
      video?.requestVideoFrameCallback(nowMs => resolve(nowMs))
      return video !== null
    }
    if (listen()) return
    const observer = new MutationObserver(() => {
      if (listen()) observer.disconnect()
    })
    observer.observe(document.body, { subtree: true, childList: true })
  })
  button.click()
  return (await shown) - pressedAt
}
