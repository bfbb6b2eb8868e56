import type { PlasmoCSConfig } from 'plasmo'
import { relayProvider } from '#extension/page/relay.ts'
import { upgradeTags } from '#player/upgrade.ts'

/** Any site may carry the tag, also inside a frame; nothing of the page is read but that, and what it asks the wallet. */
export const config: PlasmoCSConfig = { matches: ['<all_urls>'], all_frames: true, run_at: 'document_start' }

relayProvider(upgradeTags())
