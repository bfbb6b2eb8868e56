// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ParatiiRegistry} from "../../../contracts/ParatiiRegistry.sol";
import {VideoRegistry} from "../../../contracts/VideoRegistry.sol";
import {Signature} from "../../../contracts/libraries/CompactSignatures.sol";
import {Terms} from "../../../contracts/libraries/Deals.sol";
import {Document, Format} from "../../../contracts/libraries/VideoDocuments.sol";
import {Test} from "../support/Test.sol";

contract VideoRegistryTest is Test {
    string private constant _TYPES =
        "Document(string title,uint32 durationSeconds,uint32 chunkSeconds,bytes mailboxKey,bytes nodeKey)Format(bytes32 name,bytes32 root,uint96 price,uint64 fee,uint32 ttl,uint40 size,uint16 affiliateBps)";
    bytes32 private constant _DOCUMENT_HASH = keccak256("document");
    uint32 private constant _PERIOD = 1 hours;
    uint256 private constant _OWNER_KEY = 0xA11CE;
    uint256 private constant _OTHER_KEY = 0xB0B;

    address private _owner;
    address private _other;
    ParatiiRegistry private _registry;
    VideoRegistry private _videos;

    function setUp() external {
        vm.warp(1_800_000_000);
        _owner = vm.addr(_OWNER_KEY);
        _other = vm.addr(_OTHER_KEY);
        _registry = new ParatiiRegistry(address(this));
        _registry.setUint("avatarShareBps", 250);
        _videos = new VideoRegistry(_registry, _PERIOD);
    }

    function test_TheIdFollowsFromOwnerAndDocument() external {
        bytes32 id = register();
        assertEq(id, keccak256(abi.encode(_owner, _DOCUMENT_HASH)), "id");
        vm.prank(_other);
        bytes32 others = _videos.register(_DOCUMENT_HASH, document("A clip"), formats("cmaf", 1 ether));
        assertTrue(others != id, "nobody takes an id before its owner");
    }

    function test_AVideoReadsBackAsItWasRegistered() external {
        bytes32 id = register();
        VideoRegistry.Video memory video = _videos.videoOf(id);
        assertEq(video.owner, _owner, "owner");
        assertEq(video.revision, 1, "revision");
        assertEq(video.document.title, "A clip", "title");
        assertEq(video.document.durationSeconds, 60, "duration");
        assertEq(video.formats.length, 1, "formats");
        Terms memory terms = _videos.termsOf(id, "cmaf");
        assertEq(terms.price, 1 ether, "price");
        assertEq(terms.owner, _owner, "terms' owner");
        assertEq(terms.avatarBps, 250, "redistribution");
        assertEq(_videos.termsHash(id, "cmaf"), keccak256(abi.encode(terms)), "hash");
    }

    function test_AnIdIsRegisteredOnce() external {
        bytes32 id = register();
        vm.prank(_owner);
        vm.expectRevert(abi.encodeWithSelector(VideoRegistry.VideoRegistry_Exists.selector, id));
        _videos.register(_DOCUMENT_HASH, document("Again"), formats("cmaf", 2 ether));
    }

    function test_AnEditReplacesDocumentAndFormats() external {
        bytes32 id = register();
        bytes32 before = _videos.termsHash(id, "cmaf");
        vm.prank(_owner);
        _videos.edit(id, document("New"), formats("cmaf-2", 2 ether));
        assertEq(_videos.termsHash(id, "cmaf"), 0, "not sold any more");
        assertTrue(_videos.termsHash(id, "cmaf-2") != 0, "sold");
        assertEq(_videos.videoOf(id).revision, 2, "revision");
        vm.expectRevert(abi.encodeWithSelector(VideoRegistry.VideoRegistry_UnknownFormat.selector, id, bytes32("cmaf")));
        _videos.termsOf(id, "cmaf");
        vm.prank(_owner);
        _videos.edit(id, document("A clip"), formats("cmaf", 1 ether));
        assertEq(_videos.termsHash(id, "cmaf"), before, "the same terms again");
    }

    function test_OnlyTheOwnerEditsOrOffers() external {
        bytes32 id = register();
        bytes memory refusal = abi.encodeWithSelector(VideoRegistry.VideoRegistry_NotAllowed.selector, _other);
        vm.prank(_other);
        vm.expectRevert(refusal);
        _videos.edit(id, document("Stolen"), formats("cmaf", 1));
        vm.prank(_other);
        vm.expectRevert(refusal);
        _videos.offer(id, _other);
        vm.prank(_other);
        vm.expectRevert(refusal);
        _videos.accept(id);
    }

    function test_AnUnknownVideoIsSaidToBeSo() external {
        bytes memory refusal = abi.encodeWithSelector(VideoRegistry.VideoRegistry_UnknownVideo.selector, bytes32("x"));
        vm.expectRevert(refusal);
        _videos.videoOf("x");
        vm.expectRevert(refusal);
        _videos.edit("x", document("x"), formats("cmaf", 1));
        vm.expectRevert(abi.encodeWithSelector(VideoRegistry.VideoRegistry_NotAllowed.selector, address(0)));
        vm.prank(address(0));
        _videos.accept("x");
    }

    function test_AVideoChangesHandsInTwoStepsAndItsTermsNameTheNewOwner() external {
        bytes32 id = register();
        vm.prank(_owner);
        _videos.offer(id, _other);
        assertEq(_videos.videoOf(id).owner, _owner, "not yet");
        vm.prank(_other);
        _videos.accept(id);
        assertEq(_videos.videoOf(id).owner, _other, "owner");
        assertEq(_videos.videoOf(id).offeredTo, address(0), "offer is used");
        Terms memory terms = _videos.termsOf(id, "cmaf");
        assertEq(terms.owner, _other, "terms");
        assertEq(_videos.termsHash(id, "cmaf"), keccak256(abi.encode(terms)), "hash");
    }

    function test_AnOfferIsWithdrawnByAnother() external {
        bytes32 id = register();
        vm.prank(_owner);
        _videos.offer(id, _other);
        vm.prank(_owner);
        _videos.offer(id, address(0));
        vm.prank(_other);
        vm.expectRevert(abi.encodeWithSelector(VideoRegistry.VideoRegistry_NotAllowed.selector, _other));
        _videos.accept(id);
    }

    function test_FormatsThatCannotBeSoldAreRefused() external {
        for (uint256 i; i < 5; ++i) {
            Format[] memory list = formats("cmaf", 1 ether);
            if (i == 0) list[0].name = 0;
            if (i == 1) list[0].root = 0;
            if (i == 2) list[0].size = 0;
            if (i == 3) list[0].affiliateBps = 9_751;
            if (i == 4) {
                list = new Format[](2);
                list[0] = formats("cmaf", 1)[0];
                list[1] = list[0];
            }
            vm.prank(_owner);
            vm.expectRevert(
                abi.encodeWithSelector(VideoRegistry.VideoRegistry_BadFormat.selector, i == 0 ? bytes32(0) : bytes32("cmaf"))
            );
            _videos.register(_DOCUMENT_HASH, document("A clip"), list);
        }
        vm.expectRevert(abi.encodeWithSelector(VideoRegistry.VideoRegistry_BadFormatCount.selector, 0));
        _videos.register(_DOCUMENT_HASH, document("A clip"), new Format[](0));
        vm.expectRevert(abi.encodeWithSelector(VideoRegistry.VideoRegistry_BadFormatCount.selector, 33));
        _videos.register(_DOCUMENT_HASH, document("A clip"), new Format[](33));
    }

    function test_ATtlOnWhichNothingCouldBeBoughtIsRefused() external {
        uint32[3] memory bad = [0, 3 * _PERIOD - 1, 30 days + 1];
        Format[] memory list = formats("cmaf", 1 ether);
        for (uint256 i; i < bad.length; ++i) {
            list[0].ttl = bad[i];
            vm.prank(_owner);
            vm.expectRevert(abi.encodeWithSelector(VideoRegistry.VideoRegistry_BadTtl.selector, bad[i]));
            _videos.register(_DOCUMENT_HASH, document("A clip"), list);
        }
        list[0].ttl = 3 * _PERIOD;
        vm.prank(_owner);
        bytes32 id = _videos.register(_DOCUMENT_HASH, document("A clip"), list);
        list[0].ttl = 3 * _PERIOD - 1;
        vm.prank(_owner);
        vm.expectRevert(abi.encodeWithSelector(VideoRegistry.VideoRegistry_BadTtl.selector, 3 * _PERIOD - 1));
        _videos.edit(id, document("A clip"), list);
    }

    function test_KeysThatAreNotCompressedAreRefused() external {
        Document memory bad = document("A clip");
        bad.nodeKey = abi.encodePacked(bytes1(0x04), uint256(1));
        vm.expectRevert(VideoRegistry.VideoRegistry_BadKey.selector);
        _videos.register(_DOCUMENT_HASH, bad, formats("cmaf", 1));
        bad = document("A clip");
        bad.mailboxKey = "";
        vm.expectRevert(VideoRegistry.VideoRegistry_BadKey.selector);
        _videos.register(_DOCUMENT_HASH, bad, formats("cmaf", 1));
    }

    function test_AnybodySendsWhatTheOwnerSigned() external {
        uint256 deadline = block.timestamp;
        bytes32 typeHash = keccak256(
            abi.encodePacked(
                "Register(address owner,bytes32 documentHash,Document document,Format[] formats,uint256 nonce,uint256 deadline)",
                _TYPES
            )
        );
        bytes32 structHash = keccak256(
            abi.encode(
                typeHash, _owner, _DOCUMENT_HASH, hashOf(document("A clip")), hashOf(formats("cmaf", 1 ether)), 0, deadline
            )
        );
        Signature memory signature = signed(_OWNER_KEY, structHash);
        bytes32 id = _videos.registerBySignature(
            _owner, _DOCUMENT_HASH, document("A clip"), formats("cmaf", 1 ether), deadline, signature
        );
        assertEq(_videos.videoOf(id).owner, _owner, "registered");

        typeHash = keccak256(
            abi.encodePacked(
                "Edit(bytes32 id,Document document,Format[] formats,uint256 nonce,uint256 deadline)", _TYPES
            )
        );
        structHash = keccak256(
            abi.encode(typeHash, id, hashOf(document("New")), hashOf(formats("cmaf", 2 ether)), 1, deadline)
        );
        signature = signed(_OWNER_KEY, structHash);
        _videos.editBySignature(id, document("New"), formats("cmaf", 2 ether), deadline, signature);
        assertEq(_videos.termsOf(id, "cmaf").price, 2 ether, "edited");
        vm.expectRevert(VideoRegistry.VideoRegistry_BadSignature.selector);
        _videos.editBySignature(id, document("New"), formats("cmaf", 2 ether), deadline, signature);

        typeHash = keccak256("Offer(bytes32 id,address to,uint256 nonce,uint256 deadline)");
        signature = signed(_OWNER_KEY, keccak256(abi.encode(typeHash, id, _other, 2, deadline)));
        _videos.offerBySignature(id, _other, deadline, signature);
        typeHash = keccak256("Accept(bytes32 id,address to,uint256 nonce,uint256 deadline)");
        signature = signed(_OTHER_KEY, keccak256(abi.encode(typeHash, id, _other, 0, deadline)));
        _videos.acceptBySignature(id, _other, deadline, signature);
        assertEq(_videos.videoOf(id).owner, _other, "moved");
    }

    function test_ASignatureOfAnotherOrLateOrForAnotherRegistryIsRefused() external {
        bytes32 id = register();
        bytes32 typeHash = keccak256("Offer(bytes32 id,address to,uint256 nonce,uint256 deadline)");
        bytes32 structHash = keccak256(abi.encode(typeHash, id, _other, 0, block.timestamp));
        Signature memory others = signed(_OTHER_KEY, structHash);
        vm.expectRevert(VideoRegistry.VideoRegistry_BadSignature.selector);
        _videos.offerBySignature(id, _other, block.timestamp, others);
        Signature memory own = signed(_OWNER_KEY, structHash);
        vm.warp(block.timestamp + 1);
        vm.expectRevert(
            abi.encodeWithSelector(VideoRegistry.VideoRegistry_Expired.selector, block.timestamp - 1)
        );
        _videos.offerBySignature(id, _other, block.timestamp - 1, own);
        vm.expectRevert(VideoRegistry.VideoRegistry_BadSignature.selector);
        _videos.offerBySignature(id, _other, block.timestamp, own);
        vm.expectRevert(VideoRegistry.VideoRegistry_BadSignature.selector);
        _videos.offerBySignature("unknown", _other, block.timestamp, Signature(0, 0));
    }

    function testFuzz_TermsHashAsTheirFieldsDo(uint96 price, uint64 fee, uint32 ttl, uint40 size, uint16 bps) external {
        Format[] memory list = formats("cmaf", price);
        list[0].fee = fee;
        list[0].ttl = uint32(bound(ttl, 3 * _PERIOD, 30 days));
        list[0].size = uint40(bound(size, 1, type(uint40).max));
        list[0].affiliateBps = uint16(bound(bps, 0, 9_750));
        vm.prank(_owner);
        bytes32 id = _videos.register(_DOCUMENT_HASH, document("A clip"), list);
        bytes32 expected = keccak256(
            abi.encode(
                id, bytes32("cmaf"), list[0].root, price, fee, list[0].ttl, list[0].size, _owner, list[0].affiliateBps, 250
            )
        );
        assertEq(_videos.termsHash(id, "cmaf"), expected, "hash");
        assertEq(keccak256(abi.encode(_videos.termsOf(id, "cmaf"))), expected, "fields");
    }

    function register() private returns (bytes32) {
        vm.prank(_owner);
        return _videos.register(_DOCUMENT_HASH, document("A clip"), formats("cmaf", 1 ether));
    }

    function signed(uint256 key, bytes32 structHash) private view returns (Signature memory) {
        return sign(key, toDigest(_videos.domainSeparator(), structHash));
    }

    function document(string memory title) private pure returns (Document memory) {
        return Document({
            title: title,
            durationSeconds: 60,
            chunkSeconds: 2,
            mailboxKey: abi.encodePacked(bytes1(0x02), uint256(1)),
            nodeKey: abi.encodePacked(bytes1(0x03), uint256(2))
        });
    }

    function formats(bytes32 name, uint96 price) private pure returns (Format[] memory list) {
        list = new Format[](1);
        list[0] = Format(name, keccak256("root"), price, 1 gwei, 3 days, 22_000_001, 500);
    }

    function hashOf(Document memory value) private pure returns (bytes32) {
        bytes32 typeHash = keccak256(
            "Document(string title,uint32 durationSeconds,uint32 chunkSeconds,bytes mailboxKey,bytes nodeKey)"
        );
        return keccak256(
            abi.encode(
                typeHash,
                keccak256(bytes(value.title)),
                value.durationSeconds,
                value.chunkSeconds,
                keccak256(value.mailboxKey),
                keccak256(value.nodeKey)
            )
        );
    }

    function hashOf(Format[] memory list) private pure returns (bytes32) {
        bytes32 typeHash = keccak256(
            "Format(bytes32 name,bytes32 root,uint96 price,uint64 fee,uint32 ttl,uint40 size,uint16 affiliateBps)"
        );
        return keccak256(abi.encodePacked(keccak256(abi.encode(typeHash, list[0]))));
    }
}
