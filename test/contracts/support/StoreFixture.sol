// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ParatiiRegistry} from "../../../contracts/ParatiiRegistry.sol";
import {ParatiiToken} from "../../../contracts/ParatiiToken.sol";
import {VideoRegistry} from "../../../contracts/VideoRegistry.sol";
import {VideoStore} from "../../../contracts/VideoStore.sol";
import {IVideoStoreTypes} from "../../../contracts/interfaces/IVideoStoreTypes.sol";
import {Allotments} from "../../../contracts/libraries/Allotments.sol";
import {Signature} from "../../../contracts/libraries/CompactSignatures.sol";
import {Deal, Terms} from "../../../contracts/libraries/Deals.sol";
import {PinnedReceipt} from "../../../contracts/libraries/PinnedReceipts.sol";
import {Document, Format} from "../../../contracts/libraries/VideoDocuments.sol";
import {Test} from "./Test.sol";

/// @dev A deployment with one video, and what its buyer, hosts and owner do.
abstract contract StoreFixture is Test {
    uint32 internal constant PERIOD = 1 days;
    bytes32 internal constant CMAF = "cmaf";
    uint256 internal constant BUYER_KEY = 0xB0B;
    uint256 internal constant SIGNER_KEY = 0x51;
    uint40 internal constant SIZE = 22_000_001;
    uint96 internal constant PRICE = 1 ether;
    uint64 internal constant FEE = 1 gwei;

    address internal immutable BUYER = vm.addr(BUYER_KEY);
    address internal OWNER = address(0x0A11CE);
    address internal immutable AFFILIATE = address(0xAFF1);
    address internal immutable AVATAR = address(0xA7A7);
    address internal immutable RELAYER = address(0xE1A4);

    ParatiiRegistry internal registry;
    ParatiiToken internal token;
    VideoRegistry internal videos;
    VideoStore internal store;
    bytes32 internal id;

    /// @dev A host with key and payout address; number 0, 1, 2, …
    function hostOf(uint256 number) internal pure virtual returns (IVideoStoreTypes.Payee memory) {
        return IVideoStoreTypes.Payee({key: address(uint160(0xAA00 + number)), payout: address(uint160(0xBB00 + number))});
    }

    function deploy() internal {
        vm.warp(1_800_000_000);
        registry = new ParatiiRegistry(address(this));
        token = new ParatiiToken(address(this));
        videos = new VideoRegistry(registry, PERIOD);
        store = new VideoStore(token, videos, registry, PERIOD);
        registry.setUint("avatarShareBps", 250);
        registry.setAddress("ParatiiAvatar", AVATAR);
        vm.prank(OWNER);
        id = videos.register(keccak256("document"), aDocument(), formats(PRICE));
        token.transfer(BUYER, 100_000 ether);
        vm.prank(BUYER);
        token.approve(address(store), type(uint256).max);
    }

    function aKey(uint256 number) internal pure returns (bytes memory) {
        return abi.encodePacked(bytes1(0x02), number);
    }

    function aDocument() internal pure returns (Document memory) {
        return Document({title: "A clip", durationSeconds: 60, chunkSeconds: 2, mailboxKey: aKey(1), nodeKey: aKey(2)});
    }

    function formats(uint96 price) internal pure returns (Format[] memory list) {
        list = new Format[](1);
        list[0] = Format({
            name: CMAF,
            root: keccak256("root"),
            price: price,
            fee: FEE,
            ttl: 3 * PERIOD,
            size: SIZE,
            affiliateBps: 500
        });
    }

    function dealOf(uint40 capacity, uint8 depth, address affiliate) internal view returns (Deal memory) {
        return Deal({terms: videos.termsOf(id, CMAF), capacity: capacity, depth: depth, affiliate: affiliate});
    }

    /// @dev An order for the one pinned host number 0, whose cap is the whole capacity.
    function pinnedOrder(uint40 capacity, bytes32 salt) internal view returns (IVideoStoreTypes.Order memory) {
        return IVideoStoreTypes.Order({
            buyer: BUYER,
            deal: dealOf(capacity, 0, AFFILIATE),
            allotments: pinnedWord(capacity),
            relayFee: 0,
            validUntil: uint40(block.timestamp + 1 hours),
            salt: salt
        });
    }

    function pinnedWord(uint40 cap) internal pure returns (bytes32) {
        IVideoStoreTypes.Payee memory host = hostOf(0);
        return Allotments.leaf(0, host.key, host.payout, cap);
    }

    // -------------------------------------------------------------------------------------------------- signatures

    function signNodeKey(IVideoStoreTypes.Order memory order, uint256 signerKey) internal view returns (Signature memory) {
        bytes32 typeHash = keccak256("NodeKey(bytes32 id,bytes32 format,address wallet,bytes32 salt)");
        return sign(
            signerKey,
            toDigest(
                store.domainSeparator(),
                keccak256(
                    abi.encode(typeHash, order.deal.terms.id, order.deal.terms.format, order.buyer, order.salt)
                )
            )
        );
    }

    function digestOrder(IVideoStoreTypes.Order memory order, Signature memory node) internal view returns (bytes32) {
        bytes32 typeHash = keccak256(
            "Order(address buyer,bytes32 id,bytes32 format,bytes32 terms,bytes32 nodeSignature,uint40 capacity,bytes32 allotments,uint8 depth,address affiliate,uint96 relayFee,uint40 validUntil,bytes32 salt)"
        );
        bytes memory head = abi.encode(
            typeHash,
            order.buyer,
            order.deal.terms.id,
            order.deal.terms.format,
            keccak256(abi.encode(order.deal.terms)),
            keccak256(abi.encode(node))
        );
        bytes memory tail = abi.encode(
            order.deal.capacity,
            order.allotments,
            order.deal.depth,
            order.deal.affiliate,
            order.relayFee,
            order.validUntil,
            order.salt
        );
        return toDigest(store.domainSeparator(), keccak256(bytes.concat(head, tail)));
    }

    function signAuthorization(IVideoStoreTypes.Order memory order, Signature memory node)
        internal
        view
        returns (Signature memory)
    {
        bytes32 typeHash = keccak256(
            "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
        );
        return sign(
            BUYER_KEY,
            toDigest(
                token.DOMAIN_SEPARATOR(),
                keccak256(
                    abi.encode(
                        typeHash,
                        order.buyer,
                        address(store),
                        escrowOf(order.deal) + order.relayFee,
                        0,
                        order.validUntil,
                        digestOrder(order, node)
                    )
                )
            )
        );
    }

    function signReceipt(uint256 key, bytes32 nonce, uint32 leaf, uint40 byteCount)
        internal
        view
        returns (Signature memory)
    {
        return sign(key, digestReceipt(nonce, leaf, byteCount));
    }

    function digestReceipt(bytes32 nonce, uint32 leaf, uint40 byteCount) internal view returns (bytes32) {
        bytes32 typeHash = keccak256("Receipt(bytes32 purchase,uint32 leaf,uint40 bytes,bytes32 hash)");
        return toDigest(
            store.domainSeparator(), keccak256(abi.encode(typeHash, nonce, leaf, byteCount, keccak256("blocks")))
        );
    }

    function signRequestClose(uint256 key, bytes32 nonce) internal view returns (Signature memory) {
        return sign(
            key,
            toDigest(
                store.domainSeparator(), keccak256(abi.encode(keccak256("RequestClose(bytes32 purchase)"), nonce))
            )
        );
    }

    // ----------------------------------------------------------------------------------------------------- actions

    function buy(IVideoStoreTypes.Order memory order, uint256 signerKey) internal returns (bytes32) {
        Signature memory node = signNodeKey(order, signerKey);
        Signature memory wallet = sign(BUYER_KEY, digestOrder(order, node));
        vm.prank(RELAYER);
        return store.purchase(order, node, wallet);
    }

    function pinnedReceipt(bytes32 nonce, uint256 signerKey, uint40 byteCount)
        internal
        view
        returns (PinnedReceipt memory)
    {
        return PinnedReceipt({
            signerAndBytes: (uint256(uint160(vm.addr(signerKey))) << 96) | byteCount,
            hash: keccak256("blocks"),
            signature: signReceipt(signerKey, nonce, 0, byteCount)
        });
    }

    function settlePinned(Deal memory deal, uint40 cap, PinnedReceipt[] memory receipts) internal {
        IVideoStoreTypes.Payee[] memory payees = new IVideoStoreTypes.Payee[](1);
        payees[0] = hostOf(0);
        Deal[] memory deals = new Deal[](1);
        deals[0] = deal;
        IVideoStoreTypes.PinnedGroup[] memory groups = new IVideoStoreTypes.PinnedGroup[](1);
        groups[0] = IVideoStoreTypes.PinnedGroup({deal: 0, payee: 0, cap: cap, receipts: receipts});
        store.settle(payees, deals, groups, new IVideoStoreTypes.TreeGroup[](0));
    }

    function settleOne(Deal memory deal, uint40 cap, PinnedReceipt memory receipt) internal {
        PinnedReceipt[] memory receipts = new PinnedReceipt[](1);
        receipts[0] = receipt;
        settlePinned(deal, cap, receipts);
    }

    // ------------------------------------------------------------------------------------------------------- trees

    /// @dev Words of a whole tree, level by level from the leaves: hosts 0 to n-1 with one cap, indices from `first`.
    function treeOf(uint256 hosts, uint40 cap, uint32 first, uint8 depth) internal pure returns (bytes32[][] memory tree) {
        tree = new bytes32[][](depth + 1);
        tree[0] = new bytes32[](uint256(1) << depth);
        for (uint32 i; i < hosts; ++i) {
            IVideoStoreTypes.Payee memory host = hostOf(i);
            tree[0][i] = Allotments.leaf(first + i, host.key, host.payout, cap);
        }
        for (uint256 level = 1; level <= depth; ++level) {
            tree[level] = new bytes32[](tree[level - 1].length / 2);
            for (uint256 i; i < tree[level].length; ++i) {
                (bytes32 left, bytes32 right) = (tree[level - 1][2 * i], tree[level - 1][2 * i + 1]);
                uint256 sum = Allotments.sum(left) + Allotments.sum(right);
                bytes32 digest = keccak256(abi.encodePacked(bytes1(0x01), left, right));
                // A subtree without hosts is missing: the zero word.
                if (sum != 0) tree[level][i] = bytes32((uint256(digest) & ~uint256((1 << 40) - 1)) | sum);
            }
        }
    }

    function rootOf(bytes32[][] memory tree) internal pure returns (bytes32) {
        return tree[tree.length - 1][0];
    }

    function branchOf(bytes32[][] memory tree, uint256 position) internal pure returns (bytes32[] memory branch) {
        branch = new bytes32[](tree.length - 1);
        for (uint256 level; level < branch.length; ++level) {
            branch[level] = tree[level][(position >> level) ^ 1];
        }
    }

    function treeOrder(bytes32[][] memory tree, uint40 capacity, bytes32 salt)
        internal
        view
        returns (IVideoStoreTypes.Order memory order)
    {
        order = pinnedOrder(capacity, salt);
        order.deal.depth = uint8(tree.length - 1);
        order.allotments = rootOf(tree);
    }

    function treeReceipt(
        bytes32 nonce,
        uint256 signerKey,
        bytes32[][] memory tree,
        uint16 host,
        uint32 leaf,
        uint40 cap,
        uint40 byteCount
    ) internal view returns (IVideoStoreTypes.TreeReceipt memory) {
        return IVideoStoreTypes.TreeReceipt({
            payee: host,
            leaf: leaf,
            cap: cap,
            byteCount: byteCount,
            hash: keccak256("blocks"),
            signature: signReceipt(signerKey, nonce, leaf, byteCount),
            siblings: branchOf(tree, leaf % (uint256(1) << (tree.length - 1)))
        });
    }

    function settleTree(
        Deal memory deal,
        uint256 signerKey,
        bytes32 allotments,
        uint256 hosts,
        IVideoStoreTypes.TreeReceipt[] memory receipts
    ) internal {
        IVideoStoreTypes.Payee[] memory payees = new IVideoStoreTypes.Payee[](hosts);
        for (uint256 i; i < hosts; ++i) {
            payees[i] = hostOf(i);
        }
        Deal[] memory deals = new Deal[](1);
        deals[0] = deal;
        IVideoStoreTypes.TreeGroup[] memory groups = new IVideoStoreTypes.TreeGroup[](1);
        groups[0] = IVideoStoreTypes.TreeGroup({
            deal: 0,
            signer: vm.addr(signerKey),
            buyer: BUYER,
            allotments: allotments,
            receipts: receipts
        });
        store.settle(payees, deals, new IVideoStoreTypes.PinnedGroup[](0), groups);
    }

    function signAllot(uint256 key, bytes32 nonce, uint32 index, bytes32 allotments)
        internal
        view
        returns (Signature memory)
    {
        bytes32 typeHash = keccak256("Allot(bytes32 purchase,uint32 index,bytes32 allotments)");
        return sign(
            key, toDigest(store.domainSeparator(), keccak256(abi.encode(typeHash, nonce, index, allotments)))
        );
    }

    // ----------------------------------------------------------------------------------------------------- amounts

    function escrowOf(Deal memory deal) internal pure returns (uint256) {
        return uint256(deal.terms.price) + uint256(deal.capacity) * deal.terms.fee;
    }

    /// @dev The spec, written apart from the contract: gross, affiliate, avatar for n bytes of a purchase.
    function sharesOf(Deal memory deal, uint256 byteCount)
        internal
        pure
        returns (uint256 gross, uint256 affiliate, uint256 avatar)
    {
        uint256 counted = byteCount < deal.terms.size ? byteCount : deal.terms.size;
        gross = uint256(deal.terms.price) * counted / deal.terms.size;
        uint256 bps = deal.affiliate == address(0) ? 0 : deal.terms.affiliateBps;
        affiliate = gross * bps / 10_000;
        if (deal.terms.avatarBps != 0) avatar = (gross - affiliate) * deal.terms.avatarBps / (10_000 - bps);
    }
}
