// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";
import {ParatiiRegistry} from "./ParatiiRegistry.sol";
import {IVideoTerms} from "./interfaces/IVideoTerms.sol";
import {CompactSignatures, Signature} from "./libraries/CompactSignatures.sol";
import {Deals, Terms} from "./libraries/Deals.sol";
import {PublicKeys} from "./libraries/PublicKeys.sol";
import {Document, Format, VideoDocuments} from "./libraries/VideoDocuments.sol";

/// @title Videos and the terms on which they are sold
/// @notice A video's id is keccak256(abi.encode(owner, documentHash)), so that nobody can take it before its owner does.
/// The owner may change everything but the id; each change has a revision and an event. Whatever an owner does can be
/// sent by anybody who has the owner's EIP-712 signature.
contract VideoRegistry is IVideoTerms, EIP712, Nonces {
    using CompactSignatures for bytes32;
    using VideoDocuments for Document;
    using VideoDocuments for Format[];

    /// @notice Formats that a video may have.
    uint256 public constant MAX_FORMATS = 32;
    /// @notice The longest time, in seconds, that a purchase may stay open.
    uint256 public constant MAX_TTL = 30 days;
    /// @notice The shortest: three of the store's periods, so that hosts settle what is asked for to the last.
    uint256 public immutable MIN_TTL;

    bytes32 private constant _REGISTER_TYPEHASH = keccak256(
        "Register(address owner,bytes32 documentHash,Document document,Format[] formats,uint256 nonce,uint256 deadline)Document(string title,uint32 durationSeconds,uint32 chunkSeconds,bytes mailboxKey,bytes nodeKey)Format(bytes32 name,bytes32 root,uint96 price,uint64 fee,uint32 ttl,uint40 size,uint16 affiliateBps)"
    );
    bytes32 private constant _EDIT_TYPEHASH = keccak256(
        "Edit(bytes32 id,Document document,Format[] formats,uint256 nonce,uint256 deadline)Document(string title,uint32 durationSeconds,uint32 chunkSeconds,bytes mailboxKey,bytes nodeKey)Format(bytes32 name,bytes32 root,uint96 price,uint64 fee,uint32 ttl,uint40 size,uint16 affiliateBps)"
    );
    bytes32 private constant _OFFER_TYPEHASH =
        keccak256("Offer(bytes32 id,address to,uint256 nonce,uint256 deadline)");
    bytes32 private constant _ACCEPT_TYPEHASH =
        keccak256("Accept(bytes32 id,address to,uint256 nonce,uint256 deadline)");

    struct Video {
        address owner;
        uint32 revision;
        address offeredTo;
        Document document;
        bytes32[] formats;
    }

    /// @dev Two slots. MAX_TTL fits 24 bits.
    struct StoredFormat {
        bytes32 root;
        uint96 price;
        uint64 fee;
        uint24 ttl;
        uint40 size;
        uint16 affiliateBps;
        uint16 avatarBps;
    }

    ParatiiRegistry private immutable _registry;
    mapping(bytes32 id => Video) private _videos;
    mapping(bytes32 id => mapping(bytes32 format => StoredFormat)) private _formats;
    mapping(bytes32 id => mapping(bytes32 format => bytes32)) private _termsHashes;

    /// @notice A video was registered; its first revision is 1.
    event VideoRegistered(bytes32 indexed id, address indexed owner, bytes32 documentHash);
    /// @notice `revision` of the document and of the list of formats took effect.
    event VideoChanged(bytes32 indexed id, uint32 revision, Document document, bytes32[] formats);
    /// @notice From now on `format` is sold on these terms.
    event FormatSet(bytes32 indexed id, bytes32 indexed format, bytes32 termsHash, Terms terms);
    /// @notice `format` is not sold any more.
    event FormatRemoved(bytes32 indexed id, bytes32 indexed format);
    /// @notice The owner offered the video to `to`; the zero address withdraws the offer.
    event VideoOffered(bytes32 indexed id, address indexed from, address indexed to);
    /// @notice `to` accepted: the video and its future sales are theirs.
    event VideoTransferred(bytes32 indexed id, address indexed from, address indexed to);

    /// @notice The id is registered already.
    error VideoRegistry_Exists(bytes32 id);
    /// @notice No such video.
    error VideoRegistry_UnknownVideo(bytes32 id);
    /// @notice The video is not sold in this format.
    error VideoRegistry_UnknownFormat(bytes32 id, bytes32 format);
    /// @notice `account` may not do this.
    error VideoRegistry_NotAllowed(address account);
    /// @notice The signature is not the one of the account it must be from.
    error VideoRegistry_BadSignature();
    /// @notice The signature's deadline has passed.
    error VideoRegistry_Expired(uint256 deadline);
    /// @notice More than MAX_FORMATS, or none.
    error VideoRegistry_BadFormatCount(uint256 count);
    /// @notice A ttl below MIN_TTL or above MAX_TTL, on which nothing can be bought.
    error VideoRegistry_BadTtl(uint32 ttl);
    /// @notice A format has no name or root, is named twice, has no size, or shares above the whole price.
    error VideoRegistry_BadFormat(bytes32 name);
    /// @notice A public key is not 33 bytes of a compressed point.
    error VideoRegistry_BadKey();

    /// @param registry Where the part of each price for redistribution is looked up ("avatarShareBps").
    /// @param period The store's PERIOD, in seconds.
    constructor(ParatiiRegistry registry, uint32 period) EIP712("Paratii", "1") {
        _registry = registry;
        MIN_TTL = 3 * uint256(period);
    }

    /// @notice Registers a video of the sender.
    /// @param documentHash keccak256 of the document's canonical JSON at its first registration.
    /// @return id The video's id for ever.
    function register(bytes32 documentHash, Document calldata document, Format[] calldata formats)
        external
        returns (bytes32 id)
    {
        return _register(msg.sender, documentHash, document, formats);
    }

    /// @notice Registers a video of `owner`, who signed Register with its next nonce.
    function registerBySignature(
        address owner,
        bytes32 documentHash,
        Document calldata document,
        Format[] calldata formats,
        uint256 deadline,
        Signature calldata signature
    ) external returns (bytes32 id) {
        bytes32 structHash = keccak256(
            abi.encode(
                _REGISTER_TYPEHASH,
                owner,
                documentHash,
                document.hash(),
                formats.hash(),
                _useNonce(owner),
                deadline
            )
        );
        _check(owner, structHash, deadline, signature);
        return _register(owner, documentHash, document, formats);
    }

    /// @notice Replaces document and formats of a video of the sender. Open purchases keep what they were opened with.
    function edit(bytes32 id, Document calldata document, Format[] calldata formats) external {
        _edit(msg.sender, id, document, formats);
    }

    /// @notice The same, by anybody with the owner's signature of Edit.
    function editBySignature(
        bytes32 id,
        Document calldata document,
        Format[] calldata formats,
        uint256 deadline,
        Signature calldata signature
    ) external {
        address owner = _videos[id].owner;
        bytes32 structHash =
            keccak256(abi.encode(_EDIT_TYPEHASH, id, document.hash(), formats.hash(), _useNonce(owner), deadline));
        _check(owner, structHash, deadline, signature);
        _edit(owner, id, document, formats);
    }

    /// @notice Offers a video of the sender to `to`, who must accept. A later offer replaces it; zero withdraws it.
    function offer(bytes32 id, address to) external {
        _offer(msg.sender, id, to);
    }

    /// @notice The same, by anybody with the owner's signature of Offer.
    function offerBySignature(bytes32 id, address to, uint256 deadline, Signature calldata signature) external {
        address owner = _videos[id].owner;
        _check(owner, keccak256(abi.encode(_OFFER_TYPEHASH, id, to, _useNonce(owner), deadline)), deadline, signature);
        _offer(owner, id, to);
    }

    /// @notice Accepts a video offered to the sender. The terms of its formats now name the new owner.
    function accept(bytes32 id) external {
        _accept(msg.sender, id);
    }

    /// @notice The same, by anybody with `to`'s signature of Accept.
    function acceptBySignature(bytes32 id, address to, uint256 deadline, Signature calldata signature) external {
        _check(to, keccak256(abi.encode(_ACCEPT_TYPEHASH, id, to, _useNonce(to), deadline)), deadline, signature);
        _accept(to, id);
    }

    /// @inheritdoc IVideoTerms
    function termsHash(bytes32 id, bytes32 format) external view returns (bytes32) {
        return _termsHashes[id][format];
    }

    /// @notice The terms on which a format is sold now.
    function termsOf(bytes32 id, bytes32 format) external view returns (Terms memory) {
        if (_termsHashes[id][format] == 0) revert VideoRegistry_UnknownFormat(id, format);
        return _terms(id, format, _formats[id][format], _videos[id].owner);
    }

    /// @notice A video as it is now. Reverts for an id that is not registered.
    function videoOf(bytes32 id) external view returns (Video memory) {
        Video memory video = _videos[id];
        if (video.owner == address(0)) revert VideoRegistry_UnknownVideo(id);
        return video;
    }

    /// @notice The EIP-712 domain separator of this contract.
    function domainSeparator() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    function _register(address owner, bytes32 documentHash, Document calldata document, Format[] calldata formats)
        private
        returns (bytes32 id)
    {
        id = keccak256(abi.encode(owner, documentHash));
        Video storage video = _videos[id];
        if (video.owner != address(0)) revert VideoRegistry_Exists(id);
        video.owner = owner;
        emit VideoRegistered(id, owner, documentHash);
        _write(id, video, document, formats);
    }

    function _edit(address account, bytes32 id, Document calldata document, Format[] calldata formats) private {
        Video storage video = _owned(account, id);
        bytes32[] memory old = video.formats;
        for (uint256 i; i < old.length; ++i) {
            delete _termsHashes[id][old[i]];
        }
        _write(id, video, document, formats);
        for (uint256 i; i < old.length; ++i) {
            if (_termsHashes[id][old[i]] == 0) {
                delete _formats[id][old[i]];
                emit FormatRemoved(id, old[i]);
            }
        }
    }

    function _offer(address account, bytes32 id, address to) private {
        _owned(account, id).offeredTo = to;
        emit VideoOffered(id, account, to);
    }

    function _accept(address account, bytes32 id) private {
        Video storage video = _videos[id];
        if (account == address(0) || video.offeredTo != account) revert VideoRegistry_NotAllowed(account);
        emit VideoTransferred(id, video.owner, account);
        video.owner = account;
        video.offeredTo = address(0);
        for (uint256 i; i < video.formats.length; ++i) {
            _publish(_terms(id, video.formats[i], _formats[id][video.formats[i]], account));
        }
    }

    /// @dev Writes one revision. Terms hashes of the video's formats are zero when it begins.
    function _write(bytes32 id, Video storage video, Document calldata document, Format[] calldata formats) private {
        if (formats.length == 0 || formats.length > MAX_FORMATS) revert VideoRegistry_BadFormatCount(formats.length);
        if (!PublicKeys.isCompressed(document.mailboxKey) || !PublicKeys.isCompressed(document.nodeKey)) {
            revert VideoRegistry_BadKey();
        }
        uint256 avatarBps = _registry.uintOf("avatarShareBps");
        bytes32[] memory names = new bytes32[](formats.length);
        for (uint256 i; i < formats.length; ++i) {
            Format calldata format = formats[i];
            names[i] = format.name;
            if (format.ttl < MIN_TTL || format.ttl > MAX_TTL) revert VideoRegistry_BadTtl(format.ttl);
            if (
                format.name == 0 || format.root == 0 || format.size == 0
                    || format.affiliateBps + avatarBps > Deals.BPS || _termsHashes[id][format.name] != 0
            ) revert VideoRegistry_BadFormat(format.name);
            StoredFormat memory stored = StoredFormat({
                root: format.root,
                price: format.price,
                fee: format.fee,
                ttl: uint24(format.ttl),
                size: format.size,
                affiliateBps: format.affiliateBps,
                avatarBps: uint16(avatarBps)
            });
            _formats[id][format.name] = stored;
            _publish(_terms(id, format.name, stored, video.owner));
        }
        video.document = document;
        video.formats = names;
        emit VideoChanged(id, ++video.revision, document, names);
    }

    function _publish(Terms memory terms) private {
        bytes32 hash = Deals.hash(terms);
        _termsHashes[terms.id][terms.format] = hash;
        emit FormatSet(terms.id, terms.format, hash, terms);
    }

    function _owned(address account, bytes32 id) private view returns (Video storage video) {
        video = _videos[id];
        if (video.owner == address(0)) revert VideoRegistry_UnknownVideo(id);
        if (video.owner != account) revert VideoRegistry_NotAllowed(account);
    }

    function _check(address account, bytes32 structHash, uint256 deadline, Signature calldata signature) private view {
        if (block.timestamp > deadline) revert VideoRegistry_Expired(deadline);
        address signer = _hashTypedDataV4(structHash).recover(signature);
        if (signer == address(0) || signer != account) revert VideoRegistry_BadSignature();
    }

    function _terms(bytes32 id, bytes32 format, StoredFormat memory stored, address owner)
        private
        pure
        returns (Terms memory)
    {
        return Terms({
            id: id,
            format: format,
            root: stored.root,
            price: stored.price,
            fee: stored.fee,
            ttl: stored.ttl,
            size: stored.size,
            owner: owner,
            affiliateBps: stored.affiliateBps,
            avatarBps: stored.avatarBps
        });
    }
}
