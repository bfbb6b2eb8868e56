// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Signature} from "../libraries/CompactSignatures.sol";
import {Deal} from "../libraries/Deals.sol";
import {PinnedReceipt} from "../libraries/PinnedReceipts.sol";
import {ISettlementEvents} from "./ISettlementEvents.sol";

/// @title What a store takes, answers, logs and refuses
interface IVideoStoreTypes is ISettlementEvents {
    /// @notice An order: what a buyer agrees to. Its EIP-712 form names the deal's terms by their hash.
    struct Order {
        address buyer;
        Deal deal;
        bytes32 allotments; // the root word: hash 216 | sum 40
        uint96 relayFee; // to whoever sends the order
        uint40 validUntil; // unix seconds; the order is void from then on
        bytes32 salt;
    }

    /// @notice A host: the key its allotment names, and where its fees go.
    struct Payee {
        address key;
        address payout;
    }

    /// @notice Receipts of purchases that share a deal and one pinned host with the same cap.
    struct PinnedGroup {
        uint16 deal; // index into the deals
        uint16 payee; // index into the payees
        uint40 cap; // bytes of the host's allotment
        PinnedReceipt[] receipts;
    }

    /// @notice Receipts of one purchase for several hosts.
    struct TreeGroup {
        uint16 deal;
        address signer;
        address buyer;
        bytes32 allotments; // the first root word, which is part of the purchase's name
        TreeReceipt[] receipts;
    }

    struct TreeReceipt {
        uint16 payee;
        uint32 leaf; // index: (number of the allotment tree << depth) + position in it
        uint40 cap;
        uint40 byteCount; // cumulative
        bytes32 hash; // running digest over the counted blocks
        Signature signature;
        bytes32[] siblings; // from the leaf up
    }

    /// @notice The purchase by which a buyer owns what it buys again.
    struct Prior {
        Deal deal;
        address signer;
        bytes32 allotments;
    }

    /// @notice What one host has earned in all.
    struct Share {
        uint256 keyCapBytes; // the host's key << 96 | its cap << 40 | cumulative bytes
        address payout;
    }

    /// @notice A purchase, and a list of what each of its hosts has earned.
    struct Ending {
        Deal deal;
        address signer;
        address buyer; // where it is part of the name (depth > 0)
        bytes32 allotments; // the first root word
        uint256[] counts; // how many of the shares are of the first tree, the second, …
        Share[] shares; // of every leaf of every tree, in their order
        Signature signature; // the signer over CloseTogether
    }

    /// @notice A purchase as it stands.
    struct Purchase {
        address buyer; // zero for depth > 0, where the name alone knows it
        uint40 byteCount; // counted for all hosts
        uint40 escrowEnd; // unix seconds
        uint8 depth;
        bool closing;
        bool reclaimed;
    }

    /// @notice `buyer` opened the purchase `nonce` of video `id`; FormatSet of the video registry has the terms.
    event Purchased(
        bytes32 indexed nonce,
        address indexed buyer,
        bytes32 indexed id,
        bytes32 terms,
        bytes32 allotments,
        bytes32 salt,
        address signer,
        address affiliate,
        uint40 capacity,
        uint8 depth,
        uint40 escrowEnd
    );
    /// @notice The buyer owned the content by the purchase `prior`, and pays hosts alone for `nonce`.
    event PurchasedAgain(bytes32 indexed nonce, bytes32 indexed prior);
    /// @notice The signer promised a part of the escrow to further hosts, in tree number `index`.
    event Allotted(bytes32 indexed nonce, uint32 index, bytes32 allotments);
    /// @notice Signer or buyer wants the purchase to end; until `escrowEnd` receipts are still paid.
    event CloseRequested(bytes32 indexed nonce, uint40 escrowEnd);
    /// @notice What nobody had earned went back to the buyer.
    event Reclaimed(bytes32 indexed nonce, address indexed buyer, uint256 amount);

    /// @notice The order is void.
    error VideoStore_OrderExpired(uint40 validUntil);
    /// @notice The format is not sold, or no longer on these terms.
    error VideoStore_TermsChanged(bytes32 id, bytes32 format);
    /// @notice The ttl is below three periods or above 30 days.
    error VideoStore_BadTtl(uint32 ttl);
    /// @notice The allotments promise more than the escrow holds, or the tree is deeper than 32.
    error VideoStore_BadAllotments();
    /// @notice The wallet's signature is not the buyer's.
    error VideoStore_BadWalletSignature();
    /// @notice The node key's signature is not valid.
    error VideoStore_BadNodeSignature();
    /// @notice The signature is neither the signer's nor the buyer's, or the sender is neither.
    error VideoStore_NotAllowed();
    /// @notice The order is not free, or the earlier purchase does not make the buyer own the same content.
    error VideoStore_NotOwned();
    /// @notice Tokens came with data that are no order of their sender for that amount.
    error VideoStore_BadData();
    /// @notice A list is to be paid first: see finish.
    error VideoStore_Proposed(bytes32 nonce);
    /// @notice The order was served before.
    error VideoStore_Exists(bytes32 nonce);
    /// @notice No such purchase.
    error VideoStore_UnknownPurchase(bytes32 nonce);
    /// @notice A close was requested before, or the escrow has ended.
    error VideoStore_Closing(bytes32 nonce);
    /// @notice The escrow has not ended yet.
    error VideoStore_NotEnded(uint40 escrowEnd);
    /// @notice The rest was reclaimed before.
    error VideoStore_AlreadyReclaimed(bytes32 nonce);
}
