import type shakaModule from 'shaka-player/dist/shaka-player.ui.js'

// The package's types describe a CommonJS module: what it exports by default is one step in.
export type Shaka = (typeof shakaModule)['default']

declare global {
  var shaka: Shaka | undefined
}

let loading: Promise<Shaka> | undefined

/** Loads the player's library and its style, once. */
export function loadShaka(): Promise<Shaka> {
  loading ??= Promise.all([addElement('link'), addElement('script')])
    .then(() => {
      const loaded = globalThis.shaka
      if (loaded === undefined) throw new Error('the player library did not load')
      loaded.polyfill.installAll()
      return loaded
    })
    .catch(thrown => {
      loading = undefined
      throw thrown
    })
  return loading
}

function addElement(kind: 'script' | 'link'): Promise<void> {
  const element =
    kind === 'script'
      ? Object.assign(document.createElement('script'), { src: '/vendor/shaka.js' })
      : Object.assign(document.createElement('link'), { rel: 'stylesheet', href: '/vendor/shaka.css' })
  return new Promise((resolve, reject) => {
    element.addEventListener('load', () => resolve())
    element.addEventListener('error', () => reject(new Error('the player library is not there')))
    document.head.append(element)
  })
}
